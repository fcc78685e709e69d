// lookup: positions of elements among constant keys.
#pragma once

#include "ops/common.h"

namespace edgert {

struct LookupParams {
  int32_t dtype = 0;
  int64_t elements = 0;
  int64_t keys = 0;
};
Status parse_lookup(const NodeArgs& args, LookupParams& lookup);

}  // namespace edgert
