#include "backends/cpu/micro/normalize.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

f32 at(const float* p, int64_t step, int64_t i, int lanes) {
  if (!step) return splat(*p);
  return lanes == W ? load(p + i) : load(p + i, lanes);
}

void apply_vector(const NormalizeRun& run, int64_t i, int lanes) {
  f32 factor = at(run.inverse, run.statistics_step, i, lanes);
  if (run.scale) factor *= at(run.scale, run.scale_step, i, lanes);
  const f32 bias = run.bias ? at(run.bias, run.bias_step, i, lanes) : splat(0.0f);
  const f32 centred = at(run.x, 1, i, lanes) - at(run.mean, run.statistics_step, i, lanes);
  const f32 y = fma(centred, factor, bias);
  if (lanes == W) store(run.y + i, y);
  else store(run.y + i, y, lanes);
}

void apply(const NormalizeRun& run) {
  int64_t i = 0;
  for (; i + W <= run.n; i += W) apply_vector(run, i, W);
  if (i < run.n) apply_vector(run, i, (int)(run.n - i));
}

// The sum of (x - mean)^power over a line, with power 1 or 2.
template <int Power>
float moment(const float* x, int64_t n, f32 mean) {
  f32 sums[4] = {};
  int64_t i = 0;
  const auto add = [&](f32 value, f32& to) {
    const f32 d = value - mean;
    to = Power == 2 ? fma(d, d, to) : to + d;
  };
  for (; i + 4 * W <= n; i += 4 * W)
    for (int k = 0; k < 4; k++) add(load(x + i + k * W), sums[k]);
  for (; i + W <= n; i += W) add(load(x + i), sums[0]);
  f32 total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  if (i < n) {
    f32 rest = mean;
    for (int k = 0; k < n - i; k++) rest[k] = x[i + k];
    add(rest, total);
  }
  return sum(total);
}

void lines(const NormalizeLines& l) {
  const float* x = l.x;
  float* y = l.y;
  for (int64_t r = 0; r < l.count; r++, x += l.n, y += l.n) {
    const float mean = l.center ? moment<1>(x, l.n, f32{}) / (float)l.n : 0;
    const float square = moment<2>(x, l.n, splat(mean)) / (float)l.n;
    const float inverse = 1 / sqrtf(square + l.epsilon);
    apply({x, &mean, &inverse, l.scale, l.bias, 0, 1, 1, y, l.n});
  }
}

}  // namespace

extern const NormalizeMicro normalize_micro;
const NormalizeMicro normalize_micro = {apply, lines};

}  // namespace edgert::EDGERT_TIER
