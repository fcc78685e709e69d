// Pixels of a pooled image from the pixels of their windows.
#pragma once

#include <stdint.h>

namespace edgert {

// Windows of equal form in a line: that of result pixel p, y[p * channels], is the pixels x[p * step +
// taps[k]].
struct PoolTile {
  const float* x;
  int64_t step;
  const int64_t* taps;
  int64_t count;  // of taps
  int64_t channels, pixels;
  float* y;
};

struct PoolMicro {
  // The largest of a window; NaN wins; -infinity of none.
  void (*max)(const PoolTile& tile);
  // factor * the sum of a window.
  void (*sum)(const PoolTile& tile, float factor);
};

}  // namespace edgert
