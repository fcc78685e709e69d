// Matrix products over packed panels: out[r][n] = sum over taps and c of rows[tap][r][c] * panel[n][tap, c].
#pragma once

#include <stdint.h>

namespace edgert {

// The left side is given as pointers to its rows, one set for each tap: a convolution points into its input
// and needs no im2col; a plain product has one tap.
struct GemmTile {
  const float* const* rows;  // [taps][row count]
  int64_t row_offset;        // floats added to every row pointer
  int64_t taps;
  int64_t channels;     // length of a row
  const float* panels;  // [ceil(columns / 16)][taps * channels][16]
  int64_t columns;
  float* out;  // [row count][columns], rows `out_stride` floats apart
  int64_t out_stride;
  const float* bias;  // [columns] or null
  float low, high;    // the result is clamped to this range; NaN stays
  // Where the weights lie otherwise: tap t of panel n at n * panel_stride + tap_offsets[t].
  int64_t panel_stride = 0;
  const int64_t* tap_offsets = nullptr;
  // Where not null, `rows` is one set, and these are added for each tap.
  const int64_t* row_offsets = nullptr;
  // What to fetch into the cache meanwhile.
  const float* ahead = nullptr;
  int64_t ahead_floats = 0;
  const float* added = nullptr;  // before the clamp: [row count][columns], rows `out_stride` floats apart
};

struct GemmMicro {
  int rows;                                          // the most rows of one call; fewer cost more a row
  void (*run)(const GemmTile& tile, int row_count);  // 1 <= row_count <= rows
};

}  // namespace edgert
