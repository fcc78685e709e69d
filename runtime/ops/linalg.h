// determinant(): x [count, order, order] -> [count].
#pragma once

#include "ops/common.h"

namespace edgert {

struct DeterminantParams {
  int32_t dtype = 0;
  int64_t count = 0, order = 0;
};
Status parse_determinant(const NodeArgs& args, DeterminantParams& determinant);

}  // namespace edgert
