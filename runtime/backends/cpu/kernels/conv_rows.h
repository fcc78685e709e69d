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

  // Elements that are copied for `count` rows at most.
  int64_t border_elements(int count) const { return segment * taps * count; }
};

// Whether the channels are so few that the last axis' taps are better one row.
bool segments_pay(const ConvParams& params);

// Offsets and zeros are in the plan's memory. `segments`: the last axis' taps, which are neighbours, are one
// row.
Status plan_conv_rows(const ConvParams& params, bool segments, edgert_plan& plan, ConvRows& rows);

// The pointers of pixels [row, row + count), numbered over all images. Where no window crosses a border, they
// are pointers[r], those of the first tap, and the result is the taps' offsets; else pointers[tap * count +
// r] and null. `border` has border_elements(count).
const int64_t* fill_conv_rows(const ConvRows& rows, const float* x, int64_t row, int count,
                              const float** pointers, float* border);

}  // namespace edgert::cpu
