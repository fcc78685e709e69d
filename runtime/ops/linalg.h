// determinant: edgec/ops/linalg.py.
#pragma once

#include "ops/common.h"

namespace edgert {

// `count` matrices of `size` x `size`, a float type.
struct DeterminantParams {
  int32_t dtype = 0;
  int64_t count = 0, size = 0;
};
Status parse_determinant(const NodeArgs& args, DeterminantParams& determinant);

}  // namespace edgert
