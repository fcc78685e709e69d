#include "backends/cpu/micro/resize.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

void blend(const float* x, int64_t stride, const int64_t* places, const float* weights, int64_t taps,
           int64_t n, float* y) {
  if (n == 1) {
    float sum = 0;
    for (int64_t k = 0; k < taps; k++) sum += weights[k] * x[places[k] * stride];
    *y = sum;
    return;
  }
  for (int64_t i = 0; i < n; i += W) {
    const int lanes = (int)(n - i < W ? n - i : W);
    f32 sum = {};
    for (int64_t k = 0; k < taps; k++) {
      const float* from = x + places[k] * stride + i;
      sum = fma(lanes == W ? load(from) : load(from, lanes), splat(weights[k]), sum);
    }
    store(y + i, sum, lanes);
  }
}

}  // namespace

extern const ResizeMicro resize_micro;
const ResizeMicro resize_micro = {blend};

}  // namespace edgert::EDGERT_TIER
