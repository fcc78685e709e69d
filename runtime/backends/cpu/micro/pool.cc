#include "backends/cpu/micro/pool.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

struct Max {
  static f32 fold(f32 a, f32 x) { return maximum(a, x); }
};
struct Sum {
  static f32 fold(f32 a, f32 x) { return a + x; }
};

template <class Fold>
void pixel(const float* x, const int64_t* taps, int64_t count, int64_t channels, f32 start, float factor,
           float* y) {
  int64_t c = 0;
  for (; c + 2 * W <= channels; c += 2 * W) {
    f32 a = start, b = start;
    for (int64_t k = 0; k < count; k++) {
      a = Fold::fold(a, load(x + taps[k] + c));
      b = Fold::fold(b, load(x + taps[k] + c + W));
    }
    store(y + c, a * factor);
    store(y + c + W, b * factor);
  }
  for (; c < channels; c += W) {
    const int lanes = (int)(channels - c < W ? channels - c : W);
    f32 a = start;
    for (int64_t k = 0; k < count; k++) a = Fold::fold(a, load(x + taps[k] + c, lanes));
    store(y + c, a * factor, lanes);
  }
}

void max_of(const float* x, const int64_t* taps, int64_t count, int64_t channels, float* y) {
  pixel<Max>(x, taps, count, channels, splat(-__builtin_inff()), 1.0f, y);
}

void sum_of(const float* x, const int64_t* taps, int64_t count, int64_t channels, float factor, float* y) {
  pixel<Sum>(x, taps, count, channels, splat(0.0f), factor, y);
}

}  // namespace

extern const PoolMicro pool_micro;
const PoolMicro pool_micro = {max_of, sum_of};

}  // namespace edgert::EDGERT_TIER
