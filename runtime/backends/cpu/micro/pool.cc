#include "backends/cpu/micro/pool.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

// So many pixels are folded at a time, and then what each of these blocks gave: a long sum that grows by one
// number after the other loses what is small beside it.
constexpr int64_t kBlock = 64;

struct Max {
  static f32 identity() { return splat(-__builtin_inff()); }
  static f32 fold(f32 a, f32 x) { return maximum(a, x); }
};
struct Sum {
  static f32 identity() { return splat(0.0f); }
  static f32 fold(f32 a, f32 x) { return a + x; }
};

template <class Fold>
void pixel(const float* x, const int64_t* taps, int64_t count, int64_t channels, float factor, float* y) {
  int64_t c = 0;
  for (; c + 2 * W <= channels; c += 2 * W) {
    f32 total[2] = {Fold::identity(), Fold::identity()};
    for (int64_t begin = 0; begin < count; begin += kBlock) {
      const int64_t end = begin + kBlock < count ? begin + kBlock : count;
      f32 a = Fold::identity(), b = a;
      for (int64_t k = begin; k < end; k++) {
        a = Fold::fold(a, load(x + taps[k] + c));
        b = Fold::fold(b, load(x + taps[k] + c + W));
      }
      total[0] = Fold::fold(total[0], a);
      total[1] = Fold::fold(total[1], b);
    }
    store(y + c, total[0] * factor);
    store(y + c + W, total[1] * factor);
  }
  for (; c < channels; c += W) {
    const int lanes = (int)(channels - c < W ? channels - c : W);
    f32 total = Fold::identity();
    for (int64_t begin = 0; begin < count; begin += kBlock) {
      const int64_t end = begin + kBlock < count ? begin + kBlock : count;
      f32 a = Fold::identity();
      for (int64_t k = begin; k < end; k++) a = Fold::fold(a, load(x + taps[k] + c, lanes));
      total = Fold::fold(total, a);
    }
    store(y + c, total * factor, lanes);
  }
}

void max_of(const float* x, const int64_t* taps, int64_t count, int64_t channels, float* y) {
  pixel<Max>(x, taps, count, channels, 1.0f, y);
}

void sum_of(const float* x, const int64_t* taps, int64_t count, int64_t channels, float factor, float* y) {
  pixel<Sum>(x, taps, count, channels, factor, y);
}

}  // namespace

extern const PoolMicro pool_micro;
const PoolMicro pool_micro = {max_of, sum_of};

}  // namespace edgert::EDGERT_TIER
