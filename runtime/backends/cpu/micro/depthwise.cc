#include "backends/cpu/micro/depthwise.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

constexpr int kPixels = EDGERT_AVX512 ? 8 : 6;

// Pixels x Vectors results from (pixel, channel) on; of the last vector `lanes` lanes (W unless Partial).
template <int Pixels, int Vectors, bool Partial>
static inline void multiply(const DepthwiseTile& t, int64_t pixel, int64_t channel, int lanes) {
  const float* weights = t.weights + channel / 16 * t.block_floats + channel % 16;
  const float* x = t.x + pixel * t.pixel_stride + channel;
  f32 sums[Pixels][Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; v++) {
    const float* from = t.bias + channel + v * W;
    const f32 bias = !t.bias ? f32{} : Partial ? load(from, lanes) : load(from);
#pragma GCC unroll 8
    for (int p = 0; p < Pixels; p++) sums[p][v] = bias;
  }
  for (int64_t tap = 0; tap < t.taps; tap++) {
    const float* from = x + t.offsets[tap];
    const float* w = weights + t.places[tap] * 16;
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v++) {
      const f32 weight = load(w + v * W / 16 * t.block_floats + v * W % 16);
#pragma GCC unroll 8
      for (int p = 0; p < Pixels; p++) {
        const float* at = from + p * t.pixel_stride + v * W;
        sums[p][v] = fma(Partial ? load(at, lanes) : load(at), weight, sums[p][v]);
      }
    }
  }
  const f32 low = splat(t.low), high = splat(t.high);
#pragma GCC unroll 8
  for (int p = 0; p < Pixels; p++) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v++) {
      float* out = t.out + (pixel + p) * t.out_stride + channel + v * W;
      const f32 y = min(high, max(low, sums[p][v]));
      if (Partial) store(out, y, lanes);
      else store(out, y);
    }
  }
}

// All channels of `Pixels` pixels; where these are few, several vectors at a time.
template <int Pixels>
static void all_channels(const DepthwiseTile& t, int64_t pixel) {
  constexpr int kVectors = Pixels == 1 ? 4 : Pixels == 2 ? 2 : 1;
  constexpr int kStep = kVectors * W < 16 ? 16 / W : kVectors;  // begin at a block, or stay inside one
  int64_t channel = 0;
  if constexpr (kVectors > 1)
    for (; channel + kStep * W <= t.channels; channel += kStep * W)
      multiply<Pixels, kStep, false>(t, pixel, channel, W);
  for (; channel + W <= t.channels; channel += W) multiply<Pixels, 1, false>(t, pixel, channel, W);
  if (channel < t.channels) multiply<Pixels, 1, true>(t, pixel, channel, (int)(t.channels - channel));
}

static void run(const DepthwiseTile& t) {
  int64_t pixel = 0;
  for (; pixel + kPixels <= t.pixels; pixel += kPixels) all_channels<kPixels>(t, pixel);
  for (; pixel + 4 <= t.pixels; pixel += 4) all_channels<4>(t, pixel);
  for (; pixel + 2 <= t.pixels; pixel += 2) all_channels<2>(t, pixel);
  for (; pixel < t.pixels; pixel++) all_channels<1>(t, pixel);
}

extern const DepthwiseMicro depthwise_micro;
const DepthwiseMicro depthwise_micro = {run};

}  // namespace edgert::EDGERT_TIER
