// roi_align: edgec/ops/roi.py.
#pragma once

#include "ops/common.h"

namespace edgert {

// x [batch, input[0], input[1], channels], rois [regions, 4], batch indices [regions] ->
// [regions, bins[0], bins[1], channels].
struct RoiParams {
  int32_t dtype = 0, roi_dtype = 0;  // float types
  bool wide = false;                 // i64 batch indices
  bool max = false, half_pixel = true;
  int64_t batch = 0, channels = 0, regions = 0, samples = 0;
  int64_t input[2] = {}, bins[2] = {};
  double scale = 1;
};
Status parse_roi_align(const NodeArgs& args, RoiParams& roi);

}  // namespace edgert
