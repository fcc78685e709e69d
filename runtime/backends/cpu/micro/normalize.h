// Normalisation: y = (x - mean) * inverse * scale + bias.
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

// `count` contiguous lines of n, normalised each by itself; scale and bias (one value for each element) may
// be null. Where not `center`, the mean counts as 0.
struct NormalizeLines {
  const float *x, *scale, *bias;
  float* y;
  int64_t n, count;
  float epsilon;
  bool center;
};

struct NormalizeMicro {
  void (*apply)(const NormalizeRun& run);
  void (*lines)(const NormalizeLines& lines);
};

}  // namespace edgert
