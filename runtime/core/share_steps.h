// Which steps threads share.
#pragma once

#include <vector>

#include "core/plan.h"

namespace edgert {

struct Sharing {
  bool pays = true;  // else one thread is about as quick with all steps and bands
  // Steps to leave to one thread although they are long enough for several: those between steps that one
  // thread makes, of whose results and for whose operands the others would have to wait longer than they
  // help.
  std::vector<int32_t> for_one;
};

Sharing find_sharing(const SegmentPlan& plan, int32_t threads);

}  // namespace edgert
