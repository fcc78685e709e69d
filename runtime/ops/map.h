// map(program): a scalar program over broadcast operands (edgec/ops/map.py).
#pragma once

#include "ops/pointwise.h"

namespace edgert {

// Checks the node and fills `out`, collapsed.
Status parse_map(const NodeArgs& args, Pointwise& out);

}  // namespace edgert
