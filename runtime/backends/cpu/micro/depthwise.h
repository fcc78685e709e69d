// Depthwise convolution: every channel by itself.
#pragma once

#include <stdint.h>

namespace edgert {

// `width` neighbouring taps in one line of the input, used by one or both of the tile's lines.
struct DepthwiseTaps {
  int64_t offset;     // of the input line from x
  int64_t shift;      // columns from the beginning of a window to the first of these taps
  int64_t places[2];  // for each line of the tile, where the weights are in a block; -1: not used
};

// Up to two lines of output pixels: out[l][p][c] = bias[c] + the sum over the taps and k < width of
// x[offset + column * pixel_floats + c] * weights[c / 16][places[l] + k * 16 + c % 16], where
// column = start + p * stride + shift + k is within [0, columns).
struct DepthwiseTile {
  const float* x;
  int64_t columns;        // of an input line
  int64_t pixel_floats;   // from one pixel to the next, of x and of out
  int64_t start;          // the column where the window of the first pixel begins; negative in a margin
  int64_t stride, reach;  // from one window to the next; from the first to the last column of a window
  int width;              // 1; 3 and 5 for strides of 1 and 2
  const DepthwiseTaps* taps;
  int64_t count;
  const float* weights;
  int64_t block_floats;
  int64_t channels, pixels;
  int lines;  // 1 or 2
  float* out;
  int64_t line_floats;  // from the first to the second line of out
  const float* bias;    // [channels] or null
  float low, high;      // the result is clamped to this range; NaN stays
};

struct DepthwiseMicro {
  int pixels;  // computed at a time
  void (*run)(const DepthwiseTile& tile);
};

}  // namespace edgert
