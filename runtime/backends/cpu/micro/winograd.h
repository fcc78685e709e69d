// The transforms of Winograd's F(4x4, 3x3) for channels-last images: a 3x3 convolution of stride 1 makes 4x4
// outputs of a 6x6 window by 36 products instead of 144 (Lavin and Gray, "Fast algorithms for convolutional
// neural networks", 2015). The points are 0, 3/4, -3/4, 3/2, -3/2 and infinity: every constant is exact in
// f32, and the error is a quarter of that of the usual 1 and 2 (edgec/format/winograd.py measures it).
#pragma once

#include <stdint.h>

namespace edgert {

struct WinogradMicro {
  // `pixels` are the window's 36, row by row, `channels` floats each; product f gets to[f * stride + c].
  void (*input)(const float* const* pixels, int64_t channels, float* to, int64_t stride);
  // from[f * stride + c] are the products; `out` are 16 pixels, null where there is none. `bias` is
  // [channels] or null; the result is clamped to [low, high], NaN stays.
  void (*output)(const float* from, int64_t stride, int64_t channels, float* const* out, const float* bias,
                 float low, float high);
};

}  // namespace edgert
