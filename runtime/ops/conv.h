// conv(strides, pads, dilations, groups, epilogue, accumulator): edgec/ops/conv.py. Channels last:
// x [N, *S, C], w [O, *K, C/groups], result [N, *out, O].
#pragma once

#include "ops/pointwise.h"

namespace edgert {

constexpr int kMaxSpatial = EDGERT_MAX_RANK - 2;

enum class WeightForm : int32_t { kPlain, kPanels, kDepthwise, kTaps };

struct ConvParams {
  int32_t spatial = 0;  // number of spatial axes
  int64_t batch = 0, channels = 0, outputs = 0, groups = 0;
  int64_t input[kMaxSpatial] = {}, output[kMaxSpatial] = {}, kernel[kMaxSpatial] = {};
  int64_t strides[kMaxSpatial] = {}, dilations[kMaxSpatial] = {}, pads[kMaxSpatial] = {};  // pads: begin
  int64_t taps = 0;  // the product of kernel
  WeightForm form = WeightForm::kPlain;
  const float* winograd = nullptr;  // a 3x3 weight of f32 transformed too: [36][ceil(O/16)][C][16]
  // A weight of i8 in form `dot` too, whose rows are the last axis' taps; no groups, no dilation there.
  const int8_t* dot = nullptr;
  int64_t merged = 1;       // panels: groups that the form joined into one, block-diagonally
  int32_t accumulator = 0;  // dtype
  Pointwise epilogue;       // over the result [N, *out, O]
};

Status parse_conv(const NodeArgs& args, ConvParams& out);

// conv_transpose: x [N, *S, C], w [O, *K, C/groups], out[o, i * stride + k * dilation - pad] += x[i, c] w[o,
// k, c].
Status parse_conv_transpose(const NodeArgs& args, ConvParams& out);

}  // namespace edgert
