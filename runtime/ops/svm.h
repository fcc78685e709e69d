// pairwise_coupling: class probabilities from those of pairs.
#pragma once

#include "ops/common.h"

namespace edgert {

// r is [rows, classes, classes].
struct CouplingParams {
  int64_t rows = 0, classes = 0;
};
Status parse_coupling(const NodeArgs& args, CouplingParams& coupling);

}  // namespace edgert
