#include "backends/cpu/kernels/product.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/cpu/kernels/transpose4.h"

namespace edgert::cpu {
namespace {

constexpr int64_t kFetchingTiles = 8;  // that together fetch as many weights as they read

// How many of `units` of weights to take at a time, an even number: as many as should stay in the L2 cache.
// Where few tiles use them, it is few enough that most can be fetched while others are multiplied; one tile
// has no others to fetch weights beside.
int64_t units_of_block(const ProductShape& s, int64_t units, int64_t tiles) {
  if (tiles <= 1) return std::max<int64_t>(units, 1);
  const int64_t bytes = std::max<int64_t>(s.unit_floats() * 4, 1);
  const int64_t few = std::max(units * bytes / 4, kPanelBytes / 4);
  const int64_t most = tiles > 4 * kFetchingTiles ? kPanelBytes : std::min(few, kPanelBytes);
  return std::max<int64_t>(most / bytes / 2 * 2, 2);
}

// A tile of the result from unit `unit` to `last` of the columns.
void multiply(const ProductShape& s, GemmTile& t, int count, int64_t unit, int64_t last) {
  if (s.groups == 1) return s.micro->gemm->run(t, count);
  t.columns = s.columns;
  for (; unit < last; unit++) {
    t.row_offset = unit * s.channels;
    s.micro->gemm->run(t, count);
    t.panels += s.group_floats();
    t.out += s.columns;
    if (t.bias) t.bias += s.columns;
    if (t.added) t.added += s.columns;
  }
}

}  // namespace

void cut_work(const Work& w, edgert_plan& plan, int64_t& row_pieces, int64_t& column_pieces) {
  const int64_t tiles = std::max<int64_t>(w.tiles, 1), units = std::max<int64_t>(w.units, 1);
  const auto time = [&](int64_t rows, int64_t columns) {
    const int64_t longest = ((tiles + rows - 1) / rows) * ((units + columns - 1) / columns);
    const auto parts = static_cast<double>(columns);
    const double others = (w.read + w.made / static_cast<double>(rows * columns)) * (1 - 1 / parts);
    return w.cost * static_cast<double>(longest) / static_cast<double>(tiles * units) +
           w.weights / parts * kWeightByte + others * kMovedByte;
  };
  cut_by(time, tiles, units, plan, row_pieces, column_pieces);
}

Status plan_epilogue(const Pointwise& epilogue, const Micro& micro, edgert_plan& plan, bool adds,
                     ProductEpilogue& e) {
  EDGERT_TRY(compile_tiles(epilogue, micro, plan, e.program, &e.head, adds));
  e.plain = only_accumulator(e.program);
  e.in_place = epilogue.result == EDGERT_F32;
  return {};
}

edgert_lines lines_of_conv(const ConvParams& p, int64_t multiple, uint64_t weight_bytes) {
  if (p.batch != 1) return {};
  return {multiple, p.strides[0], 1, p.pads[0], (p.kernel[0] - 1) * p.dilations[0] - p.pads[0], weight_bytes};
}

Status plan_product(const Pointwise& epilogue, edgert_plan& plan, ProductShape& s) {
  ProductEpilogue& e = s.epilogue;
  EDGERT_TRY(plan_epilogue(epilogue, *s.micro, plan, true, e));
  const double sums = static_cast<double>(s.matrices) * s.rows * s.width();
  const double weights = static_cast<double>(s.groups) * s.columns * s.taps * s.channels;
  // About 110 multiply-adds a nanosecond; one panel alone takes as long as two.
  const double computed =
      static_cast<double>(s.matrices) * s.rows * s.groups * std::max<int64_t>(s.panels(), 2) * 16;
  const double cost = computed * s.taps * s.channels / 110 + sums * (e.plain ? 0 : e.program.cost);
  const Work work = {s.tiles() * s.matrices,
                     s.column_units(),
                     cost,
                     weights * 4,
                     static_cast<double>(size_of(shape_of(plan.inputs[0]))) * 4,
                     sums * 4};
  cut_work(work, plan, s.row_pieces, s.column_pieces);
  return {};
}

void run_product(const ProductShape& s, const ProductCall& c, int64_t piece, const ProductSource& source,
                 const float** pointers) {
  int64_t first = c.row_begin, end = c.row_end, row_piece = piece / s.column_pieces,
          row_pieces = s.row_pieces;
  if (s.matrices == 1) {
    // Its rows are shared out evenly, those of several matrices in whole tiles.
    end = first + piece_begin(c.row_end - first, row_piece + 1, row_pieces);
    first += piece_begin(c.row_end - first, row_piece, row_pieces);
    row_piece = 0;
    row_pieces = 1;
  }
  const int64_t rows = end - first, tiles = s.tiles(rows);
  const int64_t units = s.column_units(), width = s.width();
  const int64_t tile_begin = piece_begin(tiles * s.matrices, row_piece, row_pieces);
  const int64_t tile_end = piece_begin(tiles * s.matrices, row_piece + 1, row_pieces);
  const int64_t unit_begin = piece_begin(units, piece % s.column_pieces, s.column_pieces);
  const int64_t unit_end = piece_begin(units, piece % s.column_pieces + 1, s.column_pieces);
  if (tile_begin == tile_end) return;
  const int64_t height = rows / tiles, taller = rows % tiles;  // the first tiles have a row more
  const int64_t unit_floats = s.unit_floats();
  const int64_t step = units_of_block(s, unit_end - unit_begin, tile_end - tile_begin);
  const int64_t sharing =
      s.groups > 1 || tile_end - tile_begin == 1 ? 0 : std::min(tile_end - tile_begin, kFetchingTiles);
  const ProductEpilogue& e = s.epilogue;
  auto operand = [&](int i) {
    return i < 0 ? nullptr : static_cast<const float*>(c.call->inputs[c.first + i - 1]);
  };
  const float *bias = operand(e.head.bias), *added = operand(e.head.added);
  const void* operands[kMaxProgramOperands] = {c.sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = c.call->inputs[c.first + i - 1];
  void* scratch = c.scratch + piece * static_cast<int64_t>(e.program.scratch_bytes());

  for (int64_t unit = unit_begin; unit < unit_end; unit += step) {
    const int64_t last = std::min(unit + step, unit_end);
    const int64_t column = unit * s.unit_columns(), column_end = std::min(last * s.unit_columns(), width);
    const int64_t fetched = std::min(step, unit_end - last) * unit_floats / std::max<int64_t>(sharing, 1);
    int64_t matrix = tile_begin / tiles, within = tile_begin % tiles;
    int64_t row = first + piece_begin(rows, within, tiles);
    int64_t pending = matrix * s.rows + row;  // rows from here on lack the epilogue
    for (int64_t tile = tile_begin; tile < tile_end; tile++) {
      const int count = static_cast<int>(height + (within < taller));
      const int64_t out_row = matrix * s.rows + row, share = tile - tile_begin;
      GemmTile t{pointers,
                 0,
                 s.taps,
                 s.channels,
                 source.panels(source.state, matrix) + unit * unit_floats,
                 column_end - column,
                 c.sums + out_row * width + column,
                 width,
                 bias ? bias + column : nullptr,
                 e.head.low,
                 e.head.high};
      t.row_offsets = source.rows(source.state, matrix, row, count, pointers);
      if (added) t.added = added + out_row * width + column;
      if (share < sharing) {
        // The first tiles share in fetching the next block's weights.
        t.ahead = t.panels + (last - unit) * unit_floats + share * fetched;
        t.ahead_floats = fetched;
      }
      multiply(s, t, count, unit, last);
      row += count;
      if (++within == tiles) {
        within = 0;
        matrix++;
        row = first;
      }
      const int64_t done = out_row + count;
      if (e.plain || ((done - pending) * (column_end - column) < kEpilogueElements && tile + 1 < tile_end))
        continue;
      run_tiles(e.program, operands, c.result, pending, done, column, column_end, scratch);
      pending = done;
    }
  }
}

void pack_panel(const float* from, int64_t k_stride, int64_t n_stride, int64_t depth, int64_t columns,
                int64_t panel, float* to) {
  const int64_t n = std::min<int64_t>(16, columns - panel * 16);
  from += panel * 16 * n_stride;
  if (n_stride == 1) {
    for (int64_t k = 0; k < depth; k++) {
      std::memcpy(to + k * 16, from + k * k_stride, static_cast<size_t>(n) * sizeof(float));
      if (n < 16) std::memset(to + k * 16 + n, 0, static_cast<size_t>(16 - n) * sizeof(float));
    }
    return;
  }
  if (n < 16 && depth > 0) std::memset(to, 0, static_cast<size_t>(depth) * 16 * sizeof(float));
  const int64_t fours = k_stride == 1 ? n / 4 * 4 : 0, even = fours ? depth / 4 * 4 : 0;
  // Squares of 16: the reads stay in 16 cache lines.
  for (int64_t begin = 0; begin < depth; begin += 16) {
    const int64_t end = std::min(begin + 16, depth), whole = std::min(end, even);
    for (int64_t i = 0; i < fours; i += 4)
      for (int64_t k = begin; k < whole; k += 4)
        transpose4(from + k + i * n_stride, to + k * 16 + i, n_stride * 4, 64);
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = i < fours ? std::max(begin, even) : begin; k < end; k++)
        to[k * 16 + i] = from[k * k_stride + i * n_stride];
  }
}

}  // namespace edgert::cpu
