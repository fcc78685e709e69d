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

// Tiles [tile_begin, tile_end), counted over all matrices, of rows [first, first + rows) of each, by units
// [unit_begin, unit_end) of columns.
struct Piece {
  int64_t first, rows, tiles;  // of every matrix
  int64_t tile_begin, tile_end, unit_begin, unit_end;
};

Piece piece_of(const ProductShape& s, const ProductCall& c, int64_t index) {
  int64_t first = c.row_begin, rows = c.row_end - c.row_begin, row_pieces = s.row_pieces;
  auto [down, across] = divide(index, s.column_pieces);
  if (s.matrices == 1) {
    // Its rows are shared out evenly, those of several matrices in whole tiles.
    const int64_t begin = piece_begin(rows, down, row_pieces);
    first += begin;
    rows = piece_begin(rows, down + 1, row_pieces) - begin;
    down = 0;
    row_pieces = 1;
  }
  const int64_t tiles = s.tiles(rows), units = s.column_units();
  return {
      .first = first,
      .rows = rows,
      .tiles = tiles,
      .tile_begin = piece_begin(tiles * s.matrices, down, row_pieces),
      .tile_end = piece_begin(tiles * s.matrices, down + 1, row_pieces),
      .unit_begin = piece_begin(units, across, s.column_pieces),
      .unit_end = piece_begin(units, across + 1, s.column_pieces),
  };
}

class PieceRunner {
 public:
  PieceRunner(const ProductShape& shape, const ProductCall& call, int64_t index, const ProductSource& source,
              const float** pointers)
      : s_(shape),
        c_(call),
        e_(shape.epilogue),
        source_(source),
        pointers_(pointers),
        bias_(operand(e_.head.bias)),
        added_(operand(e_.head.added)),
        scratch_(call.scratch + index * static_cast<int64_t>(e_.program.scratch_bytes())),
        p_(piece_of(shape, call, index)) {
    for (int i = 1; i < e_.program.operand_count; i++) operands_[i] = operand(i);
  }

  void run() const {
    const int64_t tiles = p_.tile_end - p_.tile_begin;
    if (tiles == 0) return;
    const int64_t step = units_of_block(s_, p_.unit_end - p_.unit_begin, tiles);
    for (int64_t unit = p_.unit_begin; unit < p_.unit_end; unit += step) {
      const int64_t last = std::min(unit + step, p_.unit_end);
      run_block({unit, last, std::min(step, p_.unit_end - last), unit * s_.unit_columns(),
                 std::min(last * s_.unit_columns(), s_.width())});
    }
  }

 private:
  // Units [unit, last), which are columns [column, column_end), and how many units follow.
  struct Block {
    int64_t unit, last, next;
    int64_t column, column_end;
  };

  const float* operand(int i) const {
    return i < 0 ? nullptr
                 : static_cast<const float*>(c_.call->inputs[c_.first + static_cast<size_t>(i) - 1]);
  }

  void run_block(const Block& b) const {
    const int64_t tiles = p_.tile_end - p_.tile_begin;
    const int64_t fetching = s_.groups > 1 || tiles == 1 ? 0 : std::min(tiles, kFetchingTiles);
    const int64_t fetched = fetching ? b.next * s_.unit_floats() / fetching : 0;
    const auto [height, taller] = divide(p_.rows, p_.tiles);  // the first ones have a row more
    auto [matrix, within] = divide(p_.tile_begin, p_.tiles);
    int64_t row = p_.first + piece_begin(p_.rows, within, p_.tiles);
    int64_t pending = matrix * s_.rows + row;  // rows from here on lack the epilogue
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int count = static_cast<int>(height + (within < taller));
      GemmTile t = tile_at(b, matrix, row, count);
      if (tile < fetching) {
        // The first tiles share in fetching the next block's weights.
        t.ahead = t.panels + (b.last - b.unit) * s_.unit_floats() + tile * fetched;
        t.ahead_floats = fetched;
      }
      multiply(s_, t, count, b.unit, b.last);
      row += count;
      const int64_t done = matrix * s_.rows + row;
      if (++within == p_.tiles) {
        within = 0;
        matrix++;
        row = p_.first;
      }
      const int64_t elements = (done - pending) * (b.column_end - b.column);
      if (e_.plain || (elements < kEpilogueElements && tile + 1 < tiles)) continue;
      run_tiles(e_.program, operands_, c_.result, pending, done, b.column, b.column_end, scratch_);
      pending = done;
    }
  }

  // Of `count` rows from `row` of a matrix on.
  GemmTile tile_at(const Block& b, int64_t matrix, int64_t row, int count) const {
    const int64_t width = s_.width(), at = (matrix * s_.rows + row) * width + b.column;
    GemmTile t{pointers_,
               0,
               s_.taps,
               s_.channels,
               source_.panels(source_.state, matrix) + b.unit * s_.unit_floats(),
               b.column_end - b.column,
               c_.sums + at,
               width,
               bias_ ? bias_ + b.column : nullptr,
               e_.head.low,
               e_.head.high};
    t.row_offsets = source_.rows(source_.state, matrix, row, count, pointers_);
    if (added_) t.added = added_ + at;
    return t;
  }

  const ProductShape& s_;
  const ProductCall& c_;
  const ProductEpilogue& e_;
  const ProductSource& source_;
  const float** pointers_;
  const float *bias_, *added_;
  void* scratch_;
  Piece p_;
  const void* operands_[kMaxProgramOperands] = {c_.sums};
};

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

void run_product(const ProductShape& shape, const ProductCall& call, int64_t piece,
                 const ProductSource& source, const float** pointers) {
  PieceRunner(shape, call, piece, source, pointers).run();
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
