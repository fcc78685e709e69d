// The second half of a normalisation: y = (x - mean) * inverse * scale + bias.
#pragma once

#include <stdint.h>

namespace edgert {

// A run of n elements; each factor is one value for all of them (step 0) or one for each (step 1).
struct NormalizeRun {
  const float *x, *mean, *inverse, *scale, *bias;  // scale and bias may be null
  int64_t statistics_step, scale_step, bias_step;
  float* y;
  int64_t n;
};

struct NormalizeMicro {
  void (*apply)(const NormalizeRun& run);
};

}  // namespace edgert
