#include "backends/cpu/micro/normalize.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

f32 at(const float* p, int64_t step, int64_t i, int lanes) {
  if (!step) return splat(*p);
  return lanes == W ? load(p + i) : load(p + i, lanes);
}

void apply(const NormalizeRun& run) {
  for (int64_t i = 0; i < run.n; i += W) {
    const int lanes = (int)(run.n - i < W ? run.n - i : W);
    f32 factor = at(run.inverse, run.statistics_step, i, lanes);
    if (run.scale) factor *= at(run.scale, run.scale_step, i, lanes);
    const f32 bias = run.bias ? at(run.bias, run.bias_step, i, lanes) : splat(0.0f);
    const f32 centred = at(run.x, 1, i, lanes) - at(run.mean, run.statistics_step, i, lanes);
    store(run.y + i, fma(centred, factor, bias), lanes);
  }
}

}  // namespace

extern const NormalizeMicro normalize_micro;
const NormalizeMicro normalize_micro = {apply};

}  // namespace edgert::EDGERT_TIER
