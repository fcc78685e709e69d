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

// `lanes` channels from `channel` on of Pixels pixels.
template <class Fold, int Pixels, bool Partial>
void fold(const PoolTile& t, int64_t pixel, int64_t channel, int lanes, float factor) {
  const float* x = (const float*)t.x + pixel * t.step + channel;
  f32 total[Pixels];
#pragma GCC unroll 4
  for (int p = 0; p < Pixels; p++) total[p] = Fold::identity();
  for (int64_t begin = 0; begin < t.count; begin += kBlock) {
    const int64_t end = begin + kBlock < t.count ? begin + kBlock : t.count;
    f32 a[Pixels];
#pragma GCC unroll 4
    for (int p = 0; p < Pixels; p++) a[p] = Fold::identity();
    for (int64_t k = begin; k < end; k++) {
#pragma GCC unroll 4
      for (int p = 0; p < Pixels; p++) {
        const float* at = x + p * t.step + t.taps[k];
        a[p] = Fold::fold(a[p], Partial ? load(at, lanes) : load(at));
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < Pixels; p++) total[p] = Fold::fold(total[p], a[p]);
  }
#pragma GCC unroll 4
  for (int p = 0; p < Pixels; p++) {
    float* y = (float*)t.y + (pixel + p) * t.channels + channel;
    if (Partial) store(y, total[p] * factor, lanes);
    else store(y, total[p] * factor);
  }
}

template <class Fold, int Pixels>
void all_channels(const PoolTile& t, int64_t pixel, float factor) {
  int64_t c = 0;
  for (; c + W <= t.channels; c += W) fold<Fold, Pixels, false>(t, pixel, c, W, factor);
  if (c < t.channels) fold<Fold, Pixels, true>(t, pixel, c, (int)(t.channels - c), factor);
}

template <class Fold>
void all_pixels(const PoolTile& t, float factor) {
  int64_t pixel = 0;
  for (; pixel + 4 <= t.pixels; pixel += 4) all_channels<Fold, 4>(t, pixel, factor);
  for (; pixel < t.pixels; pixel++) all_channels<Fold, 1>(t, pixel, factor);
}

void max_of(const PoolTile& t) { all_pixels<Max>(t, 1.0f); }
void sum_of(const PoolTile& t, float factor) { all_pixels<Sum>(t, factor); }

// Channels from `channel` on, Size at a time and then ever fewer.
template <class Byte, int Size>
void largest_bytes(const PoolTile& t, int64_t pixel, int64_t channel) {
  typedef Byte bytes __attribute__((vector_size(Size)));
  for (; channel + Size <= t.channels; channel += Size) {
    const Byte* x = (const Byte*)t.x + pixel * t.step + channel;
    bytes most = bytes{} + (Byte)((Byte)-1 < 0 ? -128 : 0);
    for (int64_t k = 0; k < t.count; k++) {
      bytes a;
      memcpy(&a, x + t.taps[k], Size);
      most = a > most ? a : most;
    }
    memcpy((Byte*)t.y + pixel * t.channels + channel, &most, Size);
  }
  if constexpr (Size > 1)
    if (channel < t.channels) largest_bytes<Byte, Size / 2>(t, pixel, channel);
}

template <class Byte>
void max_of_bytes(const PoolTile& t) {
  for (int64_t pixel = 0; pixel < t.pixels; pixel++) largest_bytes<Byte, 4 * W>(t, pixel, 0);
}

}  // namespace

extern const PoolMicro pool_micro;
const PoolMicro pool_micro = {max_of, max_of_bytes<uint8_t>, max_of_bytes<int8_t>, sum_of};

}  // namespace edgert::EDGERT_TIER
