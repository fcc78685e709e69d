// normalize(axes, epsilon, center): edgec/ops/normalize.py.
#pragma once

#include "ops/reduce.h"

namespace edgert {

// Scale and bias are read along x's axes through strides; all 0 where absent.
struct NormalizeParams {
  int32_t dtype = 0;                        // x's and the result's, a float type
  int32_t scale_dtype = 0, bias_dtype = 0;  // 0: absent
  bool center = true;
  double epsilon = 0;
  int32_t rank = 0;
  uint32_t axes = 0;  // bit i: axis i is normalised over
  int64_t elements = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};
  int64_t scale_strides[EDGERT_MAX_RANK] = {}, bias_strides[EDGERT_MAX_RANK] = {};
};
Status parse_normalize(const NodeArgs& args, NormalizeParams& normalize);

}  // namespace edgert
