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
constexpr int64_t kFetchingTiles = 8;        // that together fetch as many weights as they read

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
  int64_t group_floats() const { return panels() * taps * channels * 16; }
  int64_t pieces() const { return row_pieces * column_pieces; }
  int64_t tiles(int64_t count) const { return (count + micro->gemm->rows - 1) / micro->gemm->rows; }
  int64_t tiles() const { return tiles(rows); }
  // Units in which columns are cut: groups where there are several, else panels.
  int64_t column_units() const { return groups > 1 ? groups : panels(); }
  uint64_t scratch_bytes() const { return epilogue.plain ? 0 : epilogue.program.scratch_bytes() * pieces(); }
};

// Work on tiles of rows x units of columns.
struct Work {
  int64_t tiles, units;
  double cost;                             // nanoseconds, of one thread that has the weights at hand
  double weights = 0, read = 0, made = 0;  // bytes of the weights, the left side and the result
};

// Cuts work that takes time(rows, columns) nanoseconds in pieces of so many rows and columns, at most `tiles`
// and `units` of them, into those that take the least on `threads` threads.
template <class Time>
void cut_by(Time&& time, int64_t tiles, int64_t units, int32_t threads, int64_t& row_pieces,
            int64_t& column_pieces) {
  row_pieces = column_pieces = 1;
  double least = time(int64_t{1}, int64_t{1});
  const int64_t count = pieces(static_cast<int64_t>(std::min(least, 1e15)), threads);
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
void cut_work(const Work& work, int32_t threads, int64_t& row_pieces, int64_t& column_pieces);

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

// How many of `units` of weights, `bytes` each, to take at a time, an even number: as many as should stay in
// the L2 cache. Where few tiles use them, it is few enough that most can be fetched while others are
// multiplied.
inline int64_t units_of_block(int64_t units, int64_t bytes, int64_t tiles) {
  const int64_t few = std::max(units * bytes / 4, kPanelBytes / 4);
  const int64_t most = tiles > 4 * kFetchingTiles ? kPanelBytes : std::min(few, kPanelBytes);
  return std::max<int64_t>(most / std::max<int64_t>(bytes, 1) / 2 * 2, 2);
}

// Runs piece `piece`. `panels_of(matrix)` gives the matrix's weights, `rows_of(matrix, row, count, pointers)`
// the pointers to rows [row, row + count): a set for each tap, or one set and the taps' offsets as its
// result.
template <class Panels, class Rows>
void run_product(const ProductShape& s, const ProductCall& c, int64_t piece, Panels&& panels_of,
                 Rows&& rows_of, const float** pointers) {
  const int64_t rows = c.row_end - c.row_begin, tiles = s.tiles(rows);
  const int64_t units = s.column_units(), width = s.width();
  const int64_t tile_begin = piece_begin(tiles * s.matrices, piece / s.column_pieces, s.row_pieces);
  const int64_t tile_end = piece_begin(tiles * s.matrices, piece / s.column_pieces + 1, s.row_pieces);
  const int64_t unit_begin = piece_begin(units, piece % s.column_pieces, s.column_pieces);
  const int64_t unit_end = piece_begin(units, piece % s.column_pieces + 1, s.column_pieces);
  const int64_t panel_floats = s.taps * s.channels * 16;
  const int64_t unit_columns = s.groups > 1 ? s.columns : 16;
  const int64_t unit_floats = s.groups > 1 ? s.group_floats() : panel_floats;
  // One tile has no others to fetch weights beside, and takes as many panels at once as it can.
  const int64_t step = tile_end - tile_begin > 1
                           ? units_of_block(unit_end - unit_begin, unit_floats * 4, tile_end - tile_begin)
                           : unit_end - unit_begin;
  const ProductEpilogue& e = s.epilogue;
  auto operand = [&](int i) {
    return i < 0 ? nullptr : static_cast<const float*>(c.call->inputs[c.first + i - 1]);
  };
  const float *bias = operand(e.head.bias), *added = operand(e.head.added);
  const void* operands[kMaxProgramOperands] = {c.sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = c.call->inputs[c.first + i - 1];
  void* scratch = c.scratch + piece * static_cast<int64_t>(e.program.scratch_bytes());

  for (int64_t unit = unit_begin; unit < unit_end; unit += step) {
    const int64_t last = unit + step < unit_end ? unit + step : unit_end;
    const int64_t column = unit * unit_columns;
    const int64_t column_end = last * unit_columns < width ? last * unit_columns : width;
    int64_t pending = 0;  // rows from here on lack the epilogue
    for (int64_t tile = tile_begin; tile < tile_end; tile++) {
      const int64_t matrix = tile / tiles, within = tile % tiles;
      const int64_t row = c.row_begin + piece_begin(rows, within, tiles);
      const int count = static_cast<int>(c.row_begin + piece_begin(rows, within + 1, tiles) - row);
      const int64_t out_row = matrix * s.rows + row;
      if (tile == tile_begin) pending = out_row;
      const int64_t* row_offsets = rows_of(matrix, row, count, pointers);
      GemmTile t{pointers,
                 0,
                 s.taps,
                 s.channels,
                 panels_of(matrix) + unit * unit_floats,
                 column_end - column,
                 c.sums + out_row * width + column,
                 width,
                 bias ? bias + column : nullptr,
                 e.head.low,
                 e.head.high};
      t.row_offsets = row_offsets;
      if (added) t.added = added + out_row * width + column;
      if (s.groups == 1) {
        // The first tiles share in fetching the next block's weights.
        const int64_t sharing = std::min(tile_end - tile_begin, kFetchingTiles), share = tile - tile_begin;
        if (share < sharing && sharing > 1) {
          const int64_t next = std::min(step, unit_end - last) * unit_floats;
          t.ahead = t.panels + (last - unit) * unit_floats + share * next / sharing;
          t.ahead_floats = next / sharing;
        }
        s.micro->gemm->run(t, count);
      } else {
        for (int64_t group = unit; group < last; group++) {
          t.row_offset = group * s.channels;
          t.columns = s.columns;
          s.micro->gemm->run(t, count);
          t.panels += unit_floats;
          t.out += s.columns;
          if (t.bias) t.bias += s.columns;
          if (t.added) t.added += s.columns;
        }
      }
      const int64_t done = out_row + count;
      if (!e.plain &&
          ((done - pending) * (column_end - column) >= kEpilogueElements || tile + 1 == tile_end)) {
        run_tiles(e.program, operands, c.result, pending, done, column, column_end, scratch);
        pending = done;
      }
    }
  }
}

// Packs a dense matrix [depth][columns] (element [k][n] at k * k_stride + n * n_stride) into panels; panel
// `panel` only.
void pack_panel(const float* from, int64_t k_stride, int64_t n_stride, int64_t depth, int64_t columns,
                int64_t panel, float* to);

}  // namespace edgert::cpu
