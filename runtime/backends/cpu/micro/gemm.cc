#include "backends/cpu/micro/gemm.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

// Accumulators that fit the registers beside one row of weights and a broadcast.
constexpr int kAccumulators = EDGERT_AVX512                       ? 28
                              : EDGERT_AVX2                       ? 12
                              : EDGERT_NEON && sizeof(void*) == 8 ? 24
                                                                  : 8;
constexpr int kVectors = 16 / W;  // of a panel
constexpr int kRows = EDGERT_AVX512 ? 14 : kAccumulators / kVectors;

// Panels side by side for a number of rows, as many as fill the accumulators.
constexpr int panels_beside(int rows) {
  const int fit = kAccumulators / (rows * kVectors);
  return fit >= 8 ? 8 : fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

static inline Lanes lanes_of(int64_t columns) {
  return first_lanes(columns < 0 ? 0 : columns < W ? (int)columns : W);
}

template <int Vectors>
static inline void find_lanes(Lanes (&lanes)[Vectors], int64_t columns) {
#pragma GCC unroll 32
  for (int v = 0; v < Vectors; v++) lanes[v] = lanes_of(columns - v * W);
}

// The sums start as the bias.
template <int Rows, int Vectors>
static inline void load_bias(const GemmTile& t, f32 (&sums)[Rows][Vectors], int64_t column) {
#pragma GCC unroll 32
  for (int v = 0; v < Vectors; v++) {
    const int64_t at = column + v * W;
    const f32 bias = t.bias ? load(t.bias + at, lanes_of(t.columns - at)) : f32{};
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) sums[r][v] = bias;
  }
}

template <int Rows, int Vectors>
static inline void add_tile(const GemmTile& t, f32 (&sums)[Rows][Vectors], int64_t column) {
  const float* added = t.added + column;
  Lanes lanes[Vectors];
  find_lanes(lanes, t.columns - column);
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++, added += t.out_stride)
#pragma GCC unroll 32
    for (int v = 0; v < Vectors; v++) sums[r][v] += load(added + v * W, lanes[v]);
}

// A whole tile has all lanes of its vectors.
template <bool Whole, int Rows, int Vectors>
static inline void store_tile(const GemmTile& t, const f32 (&sums)[Rows][Vectors], int64_t column) {
  float* out = t.out + column;
  Lanes lanes[Vectors];
  find_lanes(lanes, t.columns - column);
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++, out += t.out_stride)
#pragma GCC unroll 32
    for (int v = 0; v < Vectors; v++)
      Whole ? store(out + v * W, sums[r][v]) : store(out + v * W, sums[r][v], lanes[v]);
}

template <int Rows, int Vectors>
static inline void clamp_tile(const GemmTile& t, f32 (&sums)[Rows][Vectors]) {
  const f32 low = splat(t.low), high = splat(t.high);
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++)
#pragma GCC unroll 32
    for (int v = 0; v < Vectors; v++) sums[r][v] = min(high, max(low, sums[r][v]));
}

template <int Rows, int Vectors>
static inline void finish_tile(const GemmTile& t, f32 (&sums)[Rows][Vectors], int64_t column) {
  if (t.added) add_tile(t, sums, column);
  if (t.low > -INFINITY || t.high < INFINITY) clamp_tile(t, sums);
  if (t.columns - column >= Vectors * W) store_tile<true>(t, sums, column);
  else store_tile<false>(t, sums, column);
}

// What a tile fetches ahead: a line every so often, as the core can wait for few at once.
struct Fetch {
  const float* next;
  int64_t step;  // floats for each multiplied row of weights
};

static inline Fetch fetch_of(const GemmTile& t, int64_t column, int64_t width) {
  const int64_t tiles = (t.columns + width - 1) / width, steps = tiles * t.taps * t.channels;
  return {t.ahead + column / width * t.ahead_floats / tiles, (t.ahead_floats + steps - 1) / steps};
}

// One channel, `a` + `c`.
template <int Rows, int Panels>
static inline void multiply_channel(const float* const (&a)[Rows], int64_t c, const float* panel,
                                    int64_t panel_stride, f32 (&sums)[Rows][Panels * kVectors]) {
  f32 w[Panels * kVectors];
#pragma GCC unroll 32
  for (int v = 0; v < Panels * kVectors; v++)
    w[v] = load(panel + v / kVectors * panel_stride + v % kVectors * W);
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++) {
    const f32 x = splat(a[r][c]);
#pragma GCC unroll 32
    for (int v = 0; v < Panels * kVectors; v++) sums[r][v] = fma(x, w[v], sums[r][v]);
  }
}

// Where sums are so few that each would wait for its last addition, several channels have sums of their own.
template <int Rows, int Panels>
static inline int64_t multiply_side_by_side(const float* const (&a)[Rows], int64_t c, const float*& panel,
                                            int64_t panel_stride, f32 (&sums)[Rows][Panels * kVectors]) {
  constexpr int kVectorsOfTile = Rows * Panels * kVectors,
                kSides = kVectorsOfTile < 4 ? 4 / kVectorsOfTile : 1;
  if constexpr (kSides > 1) {
    f32 others[kSides - 1][Rows][Panels * kVectors] = {};
    for (; c + kSides <= 0; c += kSides, panel += kSides * 16) {
      multiply_channel<Rows, Panels>(a, c, panel, panel_stride, sums);
#pragma GCC unroll 4
      for (int i = 1; i < kSides; i++)
        multiply_channel<Rows, Panels>(a, c + i, panel + i * 16, panel_stride, others[i - 1]);
    }
#pragma GCC unroll 4
    for (int i = 1; i < kSides; i++)
#pragma GCC unroll 4
      for (int r = 0; r < Rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < Panels * kVectors; v++) sums[r][v] += others[i - 1][r][v];
  }
  return c;
}

// One tap. `a` are the ends of the rows: an index that counts up to 0 needs no bound in a register.
template <int Rows, int Panels, bool Ahead>
static inline void multiply_tap(const float* const (&a)[Rows], int64_t channels, const float*& panel,
                                int64_t panel_stride, Fetch& fetch, f32 (&sums)[Rows][Panels * kVectors]) {
  int64_t c = -channels;
  if constexpr (!Ahead) c = multiply_side_by_side<Rows, Panels>(a, c, panel, panel_stride, sums);
  for (; c < 0; c++, panel += 16) {
    if constexpr (Ahead) {
      __builtin_prefetch(fetch.next, 0, 2);
      fetch.next += fetch.step;
    }
    multiply_channel<Rows, Panels>(a, c, panel, panel_stride, sums);
  }
}

template <int Rows, int Panels>
static inline void multiply_tile(const GemmTile& t, int64_t column) {
  const int64_t panel_stride = t.tap_offsets ? t.panel_stride : t.taps * t.channels * 16;
  const float* const first = t.panels + column / 16 * panel_stride;
  const float* panel = first;
  Fetch fetch = {};
  if (t.ahead_floats > 0) fetch = fetch_of(t, column, Panels * 16);
  f32 sums[Rows][Panels * kVectors];
  load_bias(t, sums, column);
  for (int64_t tap = 0; tap < t.taps; tap++) {
    if (t.tap_offsets) panel = first + t.tap_offsets[tap];
    const float* const* const rows = t.row_offsets ? t.rows : t.rows + tap * Rows;
    const int64_t offset = t.row_offset + t.channels + (t.row_offsets ? t.row_offsets[tap] : 0);
    const float* a[Rows];
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) a[r] = rows[r] + offset;
    if (fetch.step) multiply_tap<Rows, Panels, true>(a, t.channels, panel, panel_stride, fetch, sums);
    else multiply_tap<Rows, Panels, false>(a, t.channels, panel, panel_stride, fetch, sums);
  }
  finish_tile(t, sums, column);
}

// From `column` on, in steps of `Panels` panels while they last, then with half as many.
template <int Rows, int Panels>
static void multiply_columns(const GemmTile& t, int64_t column) {
  for (; t.columns - column > (Panels - 1) * 16; column += Panels * 16)
    multiply_tile<Rows, Panels>(t, column);
  if constexpr (Panels > 1)
    if (column < t.columns) multiply_columns<Rows, Panels / 2>(t, column);
}

template <int Rows>
static void multiply_rows(const GemmTile& t) {
  multiply_columns<Rows, panels_beside(Rows)>(t, 0);
}

template <int Rows>
static void choose_rows(const GemmTile& t, int row_count) {
  if (row_count == Rows) return multiply_rows<Rows>(t);
  if constexpr (Rows > 1) choose_rows<Rows - 1>(t, row_count);
}

static void run(const GemmTile& tile, int row_count) { choose_rows<kRows>(tile, row_count); }

extern const GemmMicro gemm_micro;
const GemmMicro gemm_micro = {kRows, run};

}  // namespace edgert::EDGERT_TIER
