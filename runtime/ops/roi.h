// roi_align(kind, height, width, sampling_ratio, spatial_scale, half_pixel): x [batch, rows, columns,
// channels].
#pragma once

#include "ops/common.h"

namespace edgert {

struct RoiAlignParams {
  int32_t dtype = 0;
  bool wide_rois = false;     // f64, else f32
  bool wide_indices = false;  // i64, else i32
  bool is_max = false, half_pixel = true;
  int64_t batch = 0, rows = 0, columns = 0, channels = 0, rois = 0;
  int64_t height = 1, width = 1, samples = 0;
  double scale = 1;
};
Status parse_roi_align(const NodeArgs& args, RoiAlignParams& roi);

}  // namespace edgert
