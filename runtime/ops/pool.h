// pool: maximum, average or p-norm over windows of channels-last images (edgec/ops/pool.py).
#pragma once

#include "ops/conv.h"

namespace edgert {

enum class PoolKind : int32_t { kMax, kAverage, kLp };

// x [batch, input..., channels] gives [batch, output..., channels]. Window i of an axis covers inputs
// i * stride - pad + k * dilation, k in [0, kernel), where they lie inside.
struct PoolParams {
  PoolKind kind = PoolKind::kMax;
  int32_t dtype = 0;
  int32_t spatial = 0;
  bool indices = false, include_pad = false;
  int64_t p = 2;
  int64_t batch = 0, channels = 0;
  int64_t input[kMaxSpatial] = {}, output[kMaxSpatial] = {}, kernel[kMaxSpatial] = {};
  int64_t strides[kMaxSpatial] = {}, dilations[kMaxSpatial] = {};
  int64_t begin[kMaxSpatial] = {}, end[kMaxSpatial] = {};  // padding
};
Status parse_pool(const NodeArgs& args, PoolParams& pool);

// The taps [first, last) of window `i` of `axis` that lie inside the input, and `start`, where its tap 0 is.
inline void pool_window(const PoolParams& pool, int32_t axis, int64_t i, int64_t& start, int64_t& first,
                        int64_t& last) {
  const int64_t dilation = pool.dilations[axis];
  start = i * pool.strides[axis] - pool.begin[axis];
  const auto steps = [&](int64_t distance) {
    return dilation == 1 ? distance : (distance + dilation - 1) / dilation;
  };
  first = start < 0 ? steps(-start) : 0;
  const int64_t room = pool.input[axis] - start;
  const int64_t fit = room > 0 ? steps(room) : 0;
  last = fit < pool.kernel[axis] ? fit : pool.kernel[axis];
  if (last < first) last = first;
}

}  // namespace edgert
