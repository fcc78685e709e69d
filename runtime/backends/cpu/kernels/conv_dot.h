// Convolutions of bytes by a weight in form `dot`: products whose rows are pieces of image lines.
#pragma once

#include "backends/cpu/kernels/dot_product.h"
#include "ops/conv.h"

namespace edgert::cpu {

struct ConvDot {
  DotShape shape;
  int32_t spatial;
  int64_t input[kMaxSpatial], output[kMaxSpatial], strides[kMaxSpatial], pads[kMaxSpatial];
  int64_t span[kMaxSpatial];  // of the kernel: (kernel - 1) * dilation + 1
  int64_t channels;
  bool dense;              // one tap, and output pixels are input pixels
  const int64_t* offsets;  // [taps], in bytes from the window's first
  const int64_t* places;   // [taps][spatial], times the dilation
  const uint8_t* zeros;    // a row of padding
};

Status plan_conv_dot(const ConvParams& params, int32_t x, edgert_plan& plan, ConvDot& out);
Status run_conv_dot(const ConvDot& conv, const edgert_call& call);

}  // namespace edgert::cpu
