// Depthwise convolution: every channel by itself.
#pragma once

#include <stdint.h>

namespace edgert {

// A run of output pixels that use the same taps: out[p][c] = sum over t of
// x[p * pixel_stride + offsets[t] + c] * weights[c / 16][places[t]][c % 16].
struct DepthwiseTile {
  const float* x;
  int64_t pixel_stride;
  int64_t taps;
  const int64_t* offsets;
  const int64_t* places;  // of the taps in a block of weights
  const float* weights;
  int64_t block_floats;  // 16 * all taps
  int64_t channels, pixels;
  float* out;
  int64_t out_stride;
  const float* bias;  // [channels] or null
  float low, high;    // the result is clamped to this range; NaN stays
};

struct DepthwiseMicro {
  void (*run)(const DepthwiseTile& tile);
};

}  // namespace edgert
