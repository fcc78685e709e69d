// Products of bytes over packed panels, summed in i32: sum[r][n] = sum over taps and c of
// rows[tap][r][c] * weight[n][tap, c].
#pragma once

#include <stdint.h>

namespace edgert {

// What becomes of the sums.
enum class DotResult : int32_t {
  kSums,   // i32: the sum
  kFloat,  // f32: (sum + offset) * scale
  kU8,     // the nearest integer to (sum + offset) * scale, plus zero, in [low, high]
  kI8,
};

struct DotTile {
  const uint8_t* const* rows;  // [taps][row count]
  int64_t taps;
  int64_t channels;  // bytes of a row
  // [ceil(columns / 16)] of: i32 sums of the weights of 16 columns, then [taps][ceil(channels / 4)][16][4].
  const int8_t* panels;
  int64_t columns;
  bool is_signed;  // rows are of i8, else of u8; weights are of i8
  DotResult result;
  void* out;  // [row count][columns], rows `out_stride` elements apart
  int64_t out_stride;
  const int32_t* offset;  // [columns] or null
  const float* scale;     // [columns]
  float zero, low, high;
};

struct DotMicro {
  int rows;                                         // the most rows of one call; fewer cost more a row
  void (*run)(const DotTile& tile, int row_count);  // 1 <= row_count <= rows
};

}  // namespace edgert
