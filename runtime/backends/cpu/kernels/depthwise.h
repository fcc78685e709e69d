// Convolution with one input channel for each output channel, weights stored as "depthwise".
#pragma once

#include "backends/cpu/kernels/product.h"
#include "ops/conv.h"

namespace edgert::cpu {

// One row of the kernel's taps along the last axis.
struct DepthwiseRow {
  int64_t places[kMaxSpatial - 1];  // along the other axes, times the dilation
  int64_t offset;                   // in elements from the first row
};

struct DepthwiseShape {
  const Micro* micro;
  const ConvParams* params;  // in the plan's memory
  int64_t lines;             // of output pixels along the last axis, over all images
  int64_t line_pieces, channel_pieces;
  int64_t width;              // taps taken at a time
  const DepthwiseRow* rows;   // in the plan's memory
  uint64_t taps_at, sums_at;  // offsets into the scratch
  ProductEpilogue epilogue;
};

// `params` must stay where it is.
Status plan_depthwise(const ConvParams& params, edgert_plan& plan, DepthwiseShape& shape);
Status run_depthwise(const DepthwiseShape& shape, const edgert_call& call);

}  // namespace edgert::cpu
