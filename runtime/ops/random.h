// random: a tensor of random numbers.
#pragma once

#include "ops/common.h"

namespace edgert {

// random(shape, kind, seed): `count` numbers of f64; without a seed every run draws others.
struct RandomParams {
  int64_t count = 0;
  bool normal = false;
  bool seeded = false;
  uint32_t seed = 0;
};
Status parse_random(const NodeArgs& args, RandomParams& random);

}  // namespace edgert
