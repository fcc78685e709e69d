// Pixels of a pooled image from the pixels of their windows.
#pragma once

#include <stdint.h>

namespace edgert {

// Windows of equal form in a line: that of result pixel p, y[p * channels], is the pixels x[p * step +
// taps[k]].
struct PoolTile {
  const void* x;
  int64_t step;
  const int64_t* taps;
  int64_t count;  // of taps
  int64_t channels, pixels;
  void* y;
};

struct PoolMicro {
  // The largest of a window of f32, u8 and i8; NaN wins; the least that there is of none.
  void (*max)(const PoolTile& tile);
  void (*max_u8)(const PoolTile& tile);
  void (*max_i8)(const PoolTile& tile);
  // factor * the sum of a window of f32.
  void (*sum)(const PoolTile& tile, float factor);
};

}  // namespace edgert
