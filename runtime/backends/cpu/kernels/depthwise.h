// Convolution with one input channel for each output channel, weights stored as "depthwise".
#pragma once

#include "backends/cpu/kernels/product.h"
#include "ops/conv.h"

namespace edgert::cpu {

struct DepthwiseShape {
  const Micro* micro;
  const ConvParams* params;  // in the plan's memory
  int64_t lines;             // of output pixels along the last axis, over all images
  int64_t line_pieces, channel_pieces;
  int64_t width;              // taps taken at a time
  int64_t image;              // elements of one input image
  uint64_t taps_at, sums_at;  // offsets into the scratch
  ProductEpilogue epilogue;
};

// `params` must stay where it is.
Status plan_depthwise(const ConvParams& params, edgert_plan& plan, DepthwiseShape& shape);
Status run_depthwise(const DepthwiseShape& shape, const edgert_call& call);

}  // namespace edgert::cpu
