// nms(center_point_box): edgec/ops/nms.py. The kernel finds how many boxes are left.
#pragma once

#include "ops/common.h"

namespace edgert {

// boxes f32 [batch, boxes, 4], scores f32 [batch, classes, boxes]; operands 2 to 4 are scalars or absent.
struct NmsParams {
  int64_t batch = 0, classes = 0, boxes = 0;
  bool center = false;
  bool has_limit = false, has_overlap = false, has_least = false;
};
Status parse_nms(const NodeArgs& args, NmsParams& nms);

}  // namespace edgert
