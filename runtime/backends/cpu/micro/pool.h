// One pixel of a pooled image from the pixels of its window.
#pragma once

#include <stdint.h>

namespace edgert {

struct PoolMicro {
  // y[c] = the largest x[taps[k] + c]; NaN wins; -infinity of none.
  void (*max)(const float* x, const int64_t* taps, int64_t count, int64_t channels, float* y);
  // y[c] = factor * the sum of x[taps[k] + c].
  void (*sum)(const float* x, const int64_t* taps, int64_t count, int64_t channels, float factor, float* y);
};

}  // namespace edgert
