// Weighted sums of rows.
#pragma once

#include <stdint.h>

namespace edgert {

struct ResizeMicro {
  // y[i] = sum over k of weights[k] * x[places[k] * stride + i] for i in [0, n).
  void (*blend)(const float* x, int64_t stride, const int64_t* places, const float* weights, int64_t taps,
                int64_t n, float* y);
};

}  // namespace edgert
