#include "backends/cpu/micro/depthwise.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

// Of two lines each: these sums, the weights of two rows of taps and one vector of x fit the registers.
constexpr int kPixels = EDGERT_AVX512 || (EDGERT_NEON && sizeof(void*) == 8) ? 7 : EDGERT_PORTABLE ? 2 : 4;
constexpr bool kMasks = EDGERT_AVX512 || EDGERT_AVX2;  // some lanes load as quickly as all

// Pixels [first, first + kPixels) and W channels from `channel` on.
struct Place {
  int64_t first, channel;
  int64_t column, end;  // where the first window begins; columns from `end` on are not needed
  int lanes;            // of the vectors
};

// A whole place has all its columns inside the image and all its lanes.
template <bool Whole>
[[gnu::always_inline]] static inline f32 load_lanes(const float* p, const Place& place, Lanes lanes) {
  return Whole || (!kMasks && place.lanes == W) ? load(p) : load(p, lanes);
}

// Adds the products of one line of x, `weights` for each of the lines of `sums`. Every vector of x serves all
// windows that it is in.
template <int Lines, int Width, int Stride, bool Whole>
[[gnu::always_inline]] static inline void add(const DepthwiseTile& t, const Place& place, Lanes lanes,
                                              const DepthwiseTaps& taps, const float* const (&weights)[Lines],
                                              f32 (*sums)[kPixels]) {
  f32 w[Lines][Width];
#pragma GCC unroll 2
  for (int l = 0; l < Lines; l++)
#pragma GCC unroll 8
    for (int k = 0; k < Width; k++) w[l][k] = load(weights[l] + k * 16);
  const int64_t step = Width == 1 ? t.stride : 1, begin = place.column + taps.shift;
  const int64_t floats = step * t.pixel_floats;
  const float* x = t.x + taps.offset + begin * t.pixel_floats + place.channel;
#pragma GCC unroll 32
  for (int c = 0; c < (kPixels - 1) * Stride + Width; c++) {
    if (!Whole && (uint64_t)(begin + c * step) >= (uint64_t)place.end) [[unlikely]]
      continue;
    const f32 v = load_lanes<Whole>(x + c * floats, place, lanes);
#pragma GCC unroll 2
    for (int l = 0; l < Lines; l++)
#pragma GCC unroll 8
      for (int k = 0; k < Width; k++) {
        const int p = (c - k) / Stride;
        if (c >= k && (c - k) % Stride == 0 && p < kPixels) sums[l][p] = fma(v, w[l][k], sums[l][p]);
      }
  }
}

template <bool Whole>
[[gnu::always_inline]] static inline void store_sums(const DepthwiseTile& t, const Place& place, Lanes lanes,
                                                     const f32 (&sums)[2][kPixels]) {
  // What the stores might change, for all the compiler knows, is read before.
  const f32 low = splat(t.low), high = splat(t.high);
  const int64_t step = t.pixel_floats, pixels = t.pixels - place.first, channels = place.lanes;
  float* first = t.out + place.first * step + place.channel;
  float* const second = t.lines > 1 ? first + t.line_floats : nullptr;
#pragma GCC unroll 2
  for (int l = 0; l < 2 && first; l++, first = second) {
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; p++) {
      if (!Whole && p >= pixels) break;
      float* out = first + p * step;
      const f32 y = min(high, max(low, sums[l][p]));
      if (Whole || channels == W) store(out, y);
      else store(out, y, lanes);
    }
  }
}

template <int Width, int Stride, bool Whole>
[[gnu::always_inline]] static inline void multiply(const DepthwiseTile& t, const Place& place) {
  const float* weights = t.weights + place.channel / 16 * t.block_floats + place.channel % 16;
  const Lanes lanes = first_lanes(place.lanes);
  const f32 bias = t.bias ? load_lanes<Whole>(t.bias + place.channel, place, lanes) : f32{};
  f32 sums[2][kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; p++) sums[0][p] = sums[1][p] = bias;
  for (int64_t i = 0; i < t.count; i++) {
    const DepthwiseTaps& taps = t.taps[i];
    const int64_t first = taps.places[0], second = taps.places[1];
    if (first >= 0 && second >= 0)
      add<2, Width, Stride, Whole>(t, place, lanes, taps, {weights + first, weights + second}, sums);
    else if (first >= 0) add<1, Width, Stride, Whole>(t, place, lanes, taps, {weights + first}, sums);
    else add<1, Width, Stride, Whole>(t, place, lanes, taps, {weights + second}, sums + 1);
  }
  store_sums<Whole>(t, place, lanes, sums);
}

template <int Width, int Stride>
static void all(const DepthwiseTile& t) {
  for (int64_t pixel = 0; pixel < t.pixels; pixel += kPixels) {
    const int64_t count = t.pixels - pixel < kPixels ? t.pixels - pixel : kPixels;
    const int64_t column = t.start + pixel * t.stride, end = column + (count - 1) * t.stride + t.reach + 1;
    const bool inside = column >= 0 && end <= t.columns && count == kPixels;
    Place place = {pixel, 0, column, end < 0 ? 0 : end < t.columns ? end : t.columns, W};
    for (; place.channel < t.channels; place.channel += W) {
      place.lanes = t.channels - place.channel < W ? (int)(t.channels - place.channel) : W;
      if (inside && place.lanes == W) multiply<Width, Stride, true>(t, place);
      else multiply<Width, Stride, false>(t, place);
    }
  }
}

static void run(const DepthwiseTile& t) {
  switch (t.width) {
    case 3: return t.stride == 1 ? all<3, 1>(t) : all<3, 2>(t);
    case 5: return t.stride == 1 ? all<5, 1>(t) : all<5, 2>(t);
    default: return all<1, 1>(t);
  }
}

extern const DepthwiseMicro depthwise_micro;
const DepthwiseMicro depthwise_micro = {kPixels, run};

}  // namespace edgert::EDGERT_TIER
