// The driver of products of u8 or i8 by packed i8 constants, summed in i32: matmul and conv.
#pragma once

#include <algorithm>

#include "backends/cpu/kernels/product.h"
#include "backends/cpu/kernels/tile_program.h"
#include "backends/cpu/micro/dot.h"

namespace edgert::cpu {

constexpr bool kDots = built<EDGERT_U8> || built<EDGERT_I8>;  // else there are none

// The start of an epilogue that the microkernel does itself, up to all of it.
struct DotHead {
  DotResult result = DotResult::kSums;
  int32_t offset = -1, scale = -1;  // operands of the program, or -1
  float zero = 0, low = 0, high = 0;
};

// result[row][n] = epilogue(sum over taps and channels of x[tap, row][c] * weight[n][tap, c]).
struct DotShape {
  int64_t rows, taps, channels, columns;
  const int8_t* weights;  // in form `dot`
  int64_t row_room;       // bytes
  const DotMicro* micro;
  bool is_signed;  // x
  int64_t row_pieces, column_pieces;
  DotHead head;
  TileProgram program;  // what is left of the epilogue
  bool plain;           // nothing
  bool in_place;        // sums lie in the result; else each piece has room for those that lack the epilogue

  int64_t panels() const { return (columns + 15) / 16; }
  int64_t tiles() const { return (rows + micro->rows - 1) / micro->rows; }
  int64_t panel_bytes() const { return 64 * (1 + taps * ((channels + 3) / 4)); }
  int64_t pieces() const { return row_pieces * column_pieces; }
  uint64_t pointer_bytes() const { return static_cast<uint64_t>(taps * micro->rows) * sizeof(void*); }
  uint64_t row_bytes() const {
    return (pointer_bytes() + static_cast<uint64_t>(row_room * micro->rows) + 63) / 64 * 64;
  }
  int64_t sum_rows() const { return std::min(rows, kEpilogueElements / columns + 2 * micro->rows); }
  uint64_t sum_bytes() const {
    return plain || in_place ? 0 : (static_cast<uint64_t>(sum_rows() * columns) * 4 + 63) / 64 * 64;
  }
  uint64_t program_bytes() const { return (program.scratch_bytes() + 63) / 64 * 64; }
};

// The pointers to rows [row, row + count): pointers[tap * count + r]. Rows that do not lie in x are made in
// `room`, which has the shape's `row_room` for each.
struct DotRows {
  void (*fill)(const void* context, const uint8_t* x, int64_t row, int count, const uint8_t** pointers,
               uint8_t* room);
  const void* context;
};

// Compiles the epilogue and decides how to cut the work; the first six members are set.
Status plan_dot(const Pointwise& epilogue, int32_t x, DotShape& shape, edgert_plan& plan);

// Operand 0 is x, 1 the weights, then come the epilogue's.
Status run_dot(const DotShape& shape, const edgert_call& call, const DotRows& rows);

}  // namespace edgert::cpu
