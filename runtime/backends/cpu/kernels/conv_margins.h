// Small inputs of convolutions are copied with their margins: no window crosses a border then.
#pragma once

#include "backends/cpu/kernels/kernel.h"
#include "ops/conv.h"

namespace edgert::cpu {

struct ConvMargins {
  int32_t spatial;
  int64_t batch, channels, floats;  // floats of the copy; 0: there is none
  int64_t input[kMaxSpatial], pads[kMaxSpatial], padded[kMaxSpatial];
  int64_t stride, span;  // along the first axis
};

// Where it pays, `params` become those of the convolution of the copy.
ConvMargins plan_margins(ConvParams& params);

// Copies what `lines` of the result need.
void copy_with_margins(const ConvMargins& margins, const float* x, Range lines, float* to);

}  // namespace edgert::cpu
