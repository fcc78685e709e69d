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

template <int Rows, int Vectors>
static inline void store_tile(const GemmTile& t, f32 (&sums)[Rows][Vectors], int64_t column) {
  const int64_t left = t.columns - column;
  const f32 low = splat(t.low), high = splat(t.high);
#pragma GCC unroll 32
  for (int v = 0; v < Vectors; v++) {
    const int64_t lanes = left - v * W;
    if (lanes <= 0) break;
    const int64_t at = column + v * W;
    const bool whole = lanes >= W;
    f32 bias = {};
    if (t.bias) bias = whole ? load(t.bias + at) : load(t.bias + at, (int)lanes);
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) {
      const f32 y = min(high, max(low, sums[r][v] + bias));
      if (whole) store(t.out + r * t.out_stride + at, y);
      else store(t.out + r * t.out_stride + at, y, (int)lanes);
    }
  }
}

template <int Rows, int Panels>
static inline void multiply_tile(const GemmTile& t, int64_t column) {
  constexpr int kColumns = Panels * kVectors;
  const int64_t panel_stride = t.tap_offsets ? t.panel_stride : t.taps * t.channels * 16;
  const float* const first = t.panels + column / 16 * panel_stride;
  const float* panel = first;
  f32 sums[Rows][kColumns] = {};
  for (int64_t tap = 0; tap < t.taps; tap++) {
    if (t.tap_offsets) panel = first + t.tap_offsets[tap];
    const float* a[Rows];
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) a[r] = t.rows[tap * Rows + r] + t.row_offset;
    for (int64_t c = 0; c < t.channels; c++, panel += 16) {
      f32 w[kColumns];
#pragma GCC unroll 32
      for (int v = 0; v < kColumns; v++) w[v] = load(panel + v / kVectors * panel_stride + v % kVectors * W);
#pragma GCC unroll 32
      for (int r = 0; r < Rows; r++) {
        const f32 x = splat(a[r][c]);
#pragma GCC unroll 32
        for (int v = 0; v < kColumns; v++) sums[r][v] = fma(x, w[v], sums[r][v]);
      }
    }
  }
  store_tile(t, sums, column);
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
