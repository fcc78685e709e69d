// The driver of everything that is a matrix product of f32 over packed panels: matmul, conv, conv_transpose.
#pragma once

#include <algorithm>

#include "backends/cpu/kernels/tile_program.h"
#include "backends/cpu/micro/gemm.h"
#include "ops/conv.h"

namespace edgert::cpu {

constexpr int kMaxRows = 16;                 // of a microkernel call, on any tier
constexpr int64_t kEpilogueElements = 4096;  // of results that are still in the L1 cache when it runs
constexpr int64_t kPanelBytes = 256 << 10;   // of weights that should stay in the L2 cache

// What happens to the sums.
struct ProductEpilogue {
  TileProgram program;
  FusedHead head;
  bool plain;     // the microkernel does it all
  bool in_place;  // the sums lie in the result; else they need room of their own
};

// `adds`: the inner loop can add a tensor.
Status plan_epilogue(const Pointwise& epilogue, const Micro& micro, edgert_plan& plan, bool adds,
                     ProductEpilogue& out);

// How a convolution of one image runs over part of its lines.
edgert_lines lines_of_conv(const ConvParams& params, int64_t multiple, uint64_t weight_bytes);

// result[row][group * columns + n] = epilogue(sum over taps and channels).
struct ProductShape {
  const Micro* micro;
  int64_t matrices, rows;             // the result has matrices * rows rows
  int64_t groups, columns;            // columns of one group
  int64_t taps, channels;             // channels of one group
  int64_t row_pieces, column_pieces;  // how the work is cut
  ProductEpilogue epilogue;

  int64_t panels() const { return (columns + 15) / 16; }
  int64_t width() const { return groups * columns; }
  int64_t panel_floats() const { return taps * channels * 16; }
  int64_t group_floats() const { return panels() * panel_floats(); }
  int64_t pieces() const { return row_pieces * column_pieces; }
  int64_t tiles(int64_t count) const {
    return count == 1 ? 1 : (count + micro->gemm->rows - 1) / micro->gemm->rows;
  }
  int64_t tiles() const { return tiles(rows); }
  // Units in which columns are cut: groups where there are several, else panels.
  int64_t column_units() const { return groups > 1 ? groups : panels(); }
  int64_t unit_columns() const { return groups > 1 ? columns : 16; }
  int64_t unit_floats() const { return groups > 1 ? group_floats() : panel_floats(); }
  uint64_t scratch_bytes() const { return epilogue.plain ? 0 : epilogue.program.scratch_bytes() * pieces(); }
};

// Work on tiles of rows x units of columns.
struct Work {
  int64_t tiles, units;
  double cost;                             // nanoseconds, of one thread that has the weights at hand
  double weights = 0, read = 0, made = 0;  // bytes of the weights, the left side and the result
};

// Cuts work that takes time(rows, columns) nanoseconds in pieces of so many rows and columns, at most `tiles`
// and `units` of them, into those that take the least on the plan's threads, and sets its cost.
template <class Time>
void cut_by(Time&& time, int64_t tiles, int64_t units, edgert_plan& plan, int64_t& row_pieces,
            int64_t& column_pieces) {
  row_pieces = column_pieces = 1;
  double least = time(int64_t{1}, int64_t{1});
  const int64_t count = pieces(plan, least);
  for (int64_t rows = std::min(count, tiles); rows >= 1; rows--) {
    const int64_t columns = std::min(count / rows, units);
    if (time(rows, columns) >= least) continue;
    least = time(rows, columns);
    row_pieces = rows;
    column_pieces = columns;
  }
}

// Cuts it into row_pieces x column_pieces. Pieces of rows each read all weights. Pieces of columns each read
// the whole left side, of which other cores have made their parts, as they have of the result for who reads
// it next.
void cut_work(const Work& work, edgert_plan& plan, int64_t& row_pieces, int64_t& column_pieces);

// Compiles the epilogue and decides how to cut the work; the sizes are set.
Status plan_product(const Pointwise& epilogue, edgert_plan& plan, ProductShape& shape);

// `inputs` are the call's; the epilogue's operands follow from `first` on.
struct ProductCall {
  const edgert_call* call;
  size_t first;
  float* sums;  // where the sums go: the result, if in_place
  void* result;
  char* scratch;               // scratch_bytes()
  int64_t row_begin, row_end;  // rows of every matrix to make
};

// Where a product's operands lie: a matrix's weights, and rows [row, row + count) of its left side: a set of
// pointers for each tap, or one set and the taps' offsets as the result.
struct ProductSource {
  const void* state;
  const float* (*panels)(const void* state, int64_t matrix);
  const int64_t* (*rows)(const void* state, int64_t matrix, int64_t row, int count, const float** pointers);
};

// Runs piece `piece`; `pointers` has room for those of a tile.
void run_product(const ProductShape& shape, const ProductCall& call, int64_t piece,
                 const ProductSource& source, const float** pointers);

// Packs a dense matrix [depth][columns] (element [k][n] at k * k_stride + n * n_stride) into panels; panel
// `panel` only.
void pack_panel(const float* from, int64_t k_stride, int64_t n_stride, int64_t depth, int64_t columns,
                int64_t panel, float* to);

}  // namespace edgert::cpu
