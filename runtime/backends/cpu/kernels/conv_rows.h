// Where a convolution reads: pointers from output pixels and taps into the input, with no im2col.
#pragma once

#include "backends/cpu/kernels/kernel.h"
#include "ops/conv.h"

namespace edgert::cpu {

struct ConvRows {
  int32_t spatial;
  int64_t input[kMaxSpatial], output[kMaxSpatial], strides[kMaxSpatial], pads[kMaxSpatial];
  int64_t span[kMaxSpatial];   // of the kernel: (kernel - 1) * dilation + 1
  int64_t channels;            // of the input
  int64_t image;               // elements of one input image
  bool dense;                  // one tap, and output pixels are input pixels
  int64_t taps;                // pointers for each pixel
  const int64_t* tap_offsets;  // [taps], in elements from the first tap
  const int64_t* tap_places;   // [taps][spatial], times the dilation
  const float* zeros;          // a row of padding
  // Where the channels are few, the last axis' taps are one row of segment = kernel * channels elements
  // that lie next to each other; rows that cross a border are copied. 0: off.
  int64_t segment;

  // Floats that `fill` may copy to for `count` rows.
  int64_t border_floats(int count) const { return segment * taps * count; }
};

// Offsets and zeros are in the plan's memory. `segments`: may take the last axis' taps as one row.
Status plan_conv_rows(const ConvParams& params, bool segments, edgert_plan& plan, ConvRows& rows);

// The pointers of pixels [row, row + count), numbered over all images. Where no window crosses a border, they
// are pointers[r], those of the first tap, and the result is the taps' offsets; else pointers[tap * count +
// r] and null. `border` has border_floats(count).
const int64_t* fill_conv_rows(const ConvRows& rows, const float* x, int64_t row, int count,
                              const float** pointers, float* border);

}  // namespace edgert::cpu
