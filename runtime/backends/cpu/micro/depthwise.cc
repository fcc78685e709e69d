#include "backends/cpu/micro/depthwise.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

constexpr int kPixels = EDGERT_AVX512 ? 8 : 6;

// One vector of channels from `channel` on, `lanes` of them (W unless Partial), of `Pixels` pixels.
template <int Pixels, bool Partial>
static inline void multiply(const DepthwiseTile& t, int64_t channel, int lanes, int64_t pixel) {
  const float* weights = t.weights + channel / 16 * t.block_floats + channel % 16;
  const float* x = t.x + pixel * t.pixel_stride + channel;
  f32 sums[Pixels];
  const f32 bias = !t.bias ? f32{} : Partial ? load(t.bias + channel, lanes) : load(t.bias + channel);
#pragma GCC unroll 8
  for (int p = 0; p < Pixels; p++) sums[p] = bias;
  for (int64_t tap = 0; tap < t.taps; tap++) {
    const f32 w = load(weights + t.places[tap] * 16);
    const float* from = x + t.offsets[tap];
#pragma GCC unroll 8
    for (int p = 0; p < Pixels; p++) {
      const float* at = from + p * t.pixel_stride;
      sums[p] = fma(Partial ? load(at, lanes) : load(at), w, sums[p]);
    }
  }
  const f32 low = splat(t.low), high = splat(t.high);
#pragma GCC unroll 8
  for (int p = 0; p < Pixels; p++) {
    float* out = t.out + (pixel + p) * t.out_stride + channel;
    const f32 y = min(high, max(low, sums[p]));
    if (Partial)
      store(out, y, lanes);
    else
      store(out, y);
  }
}

template <bool Partial>
static inline void all_pixels(const DepthwiseTile& t, int64_t channel, int lanes) {
  int64_t pixel = 0;
  for (; pixel + kPixels <= t.pixels; pixel += kPixels) multiply<kPixels, Partial>(t, channel, lanes, pixel);
  for (; pixel + 2 <= t.pixels; pixel += 2) multiply<2, Partial>(t, channel, lanes, pixel);
  for (; pixel < t.pixels; pixel++) multiply<1, Partial>(t, channel, lanes, pixel);
}

static void run(const DepthwiseTile& t) {
  int64_t channel = 0;
  for (; channel + W <= t.channels; channel += W) all_pixels<false>(t, channel, W);
  if (channel < t.channels) all_pixels<true>(t, channel, (int)(t.channels - channel));
}

extern const DepthwiseMicro depthwise_micro;
const DepthwiseMicro depthwise_micro = {run};

}  // namespace edgert::EDGERT_TIER
