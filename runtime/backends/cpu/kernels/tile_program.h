// Runs a scalar program over a tensor, tile by tile: every instruction is one loop over some hundreds of
// elements that stay in the L1 cache.
#pragma once

#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/storage.h"
#include "backends/cpu/micro/map.h"
#include "backends/cpu/micro/micro.h"
#include "ops/pointwise.h"

namespace edgert::cpu {

constexpr int64_t kTile = 512;  // elements of a register
constexpr int kMaxTileSteps = 128;

struct TileOperand {
  LoadFunction load;
  int64_t strides[EDGERT_MAX_RANK];  // over TileProgram::dims, in elements
  int32_t size;                      // bytes of a stored element
  int32_t computed_size;             // bytes of it in a register
  int16_t slot;
  bool converts;  // stored in another type than it is computed in
  bool used;
};

struct TileInstruction {
  TileFunction function;
  int16_t out, a, b, c;  // slots; -1: none
  float k[kTileConstants];
};

struct TileConstant {
  int16_t slot;
  int32_t dtype;
  int64_t bits;  // as Instruction::imm
};

// A compiled Pointwise. The result's last axis is the columns, all others, flattened, are the rows.
struct TileProgram {
  int32_t rank;
  int32_t operand_count, step_count, constant_count, slot_count;
  int64_t dims[EDGERT_MAX_RANK];
  int64_t rows, columns;
  TileOperand operands[kMaxProgramOperands];
  TileInstruction* steps;  // in the plan's memory
  TileConstant* constants;
  StoreFunction store;
  int32_t result_size;           // bytes of a stored element
  int32_t computed_result_size;  // bytes of it in a register
  int16_t result_slot;
  bool result_converts;
  float cost;  // of an element, in about nanoseconds

  int64_t slot_bytes;

  uint64_t scratch_bytes() const { return static_cast<uint64_t>(slot_count * slot_bytes); }
};

// What a matrix product does itself while it stores a tile: add a vector over the columns, add a tensor of
// the result's shape, clamp.
struct FusedHead {
  int32_t bias = -1, added = -1;  // operands of the program, or -1
  float low, high;
};

// Compiles for the tier `micro`, into the plan's memory. With `head`, operand 0 is a product's accumulator,
// and what the product can do itself is taken out of the program and put there; a program that is then empty
// has no steps and `only_accumulator()` is true. `adds`: the product can add a tensor.
Status compile_tiles(const Pointwise& pointwise, const Micro& micro, edgert_plan& plan, TileProgram& out,
                     FusedHead* head = nullptr, bool adds = false);

// Whether the result is operand 0 as it is.
bool only_accumulator(const TileProgram& program);

// Computes rows [row, row_end) x columns [column, column_end). `operands` and `out` are whole tensors;
// operand 0 may be `out` itself if their element types are the same. `scratch` has scratch_bytes().
void run_tiles(const TileProgram& program, const void* const* operands, void* out, int64_t row,
               int64_t row_end, int64_t column, int64_t column_end, void* scratch);

}  // namespace edgert::cpu
