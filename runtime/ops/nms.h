// nms(center_point_box): boxes f32 [batch, boxes, 4], scores f32 [batch, classes, boxes] -> i64 [count, 3].
#pragma once

#include "ops/common.h"

namespace edgert {

// The result has room for a row per score.
struct NmsParams {
  int64_t batch = 0, classes = 0, boxes = 0;
  bool center_point_box = false;
  bool has_most = false, has_overlap = false, has_least = false;  // operands 2, 3, 4
};
Status parse_nms(const NodeArgs& args, NmsParams& nms);

}  // namespace edgert
