// softmax(axis, log): edgec/ops/softmax.py.
#pragma once

#include "ops/common.h"

namespace edgert {

// x seen as [outer, n, inner], normalised along n.
struct SoftmaxParams {
  int64_t outer = 0, n = 0, inner = 0;
  int32_t dtype = 0;  // a float type
  bool log = false;
};
Status parse_softmax(const NodeArgs& args, SoftmaxParams& softmax);

}  // namespace edgert
