// Products with any types: one dot product for each element of the result, in the accumulator's type.
#pragma once

#include "backends/cpu/kernels/tile_program.h"

namespace edgert::cpu {

// Two operands; the dot product walks `length` elements, `a_stride` and `b_stride` apart.
struct GenericDot {
  const void *a, *b;
  int64_t length, a_stride, b_stride;
};

struct GenericEpilogue {
  TileProgram program;
  // Adds the dot product from elements a and b on to the accumulator at `sum`.
  void (*dot)(const GenericDot& dot, int64_t a, int64_t b, void* sum);
  int64_t sum_size;  // bytes of an accumulator
  int64_t pieces;
  uint64_t program_bytes;
};

// `plan.scratch_bytes` is set to what run_generic_rows needs.
Status plan_generic(const Pointwise& epilogue, int32_t a, int32_t b, int32_t accumulator,
                    GenericEpilogue& out, edgert_plan& plan);

// Calls sum(row, column, accumulator) for every element of the result [rows][columns], then the epilogue.
template <class Sum>
void run_generic_rows(const GenericEpilogue& e, const edgert_call& call, int64_t rows, int64_t columns,
                      Sum&& sum) {
  char* sums = static_cast<char*>(call.scratch) + e.program_bytes * static_cast<uint64_t>(e.pieces);
  const void* operands[kMaxProgramOperands] = {sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  parallel(call, e.pieces, [&](int64_t piece, int) {
    const int64_t begin = piece_begin(rows, piece, e.pieces), end = piece_begin(rows, piece + 1, e.pieces);
    for (int64_t row = begin; row < end; row++) {
      for (int64_t column = 0; column < columns; column++) {
        void* at = sums + (row * columns + column) * e.sum_size;
        __builtin_memset(at, 0, static_cast<size_t>(e.sum_size));
        sum(row, column, at);
      }
    }
    run_tiles(e.program, operands, call.outputs[0], begin, end, 0, columns,
              static_cast<char*>(call.scratch) + piece * static_cast<int64_t>(e.program_bytes));
  });
}

}  // namespace edgert::cpu
