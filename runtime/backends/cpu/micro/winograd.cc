#include "backends/cpu/micro/winograd.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

constexpr float P = 0.75f, Q = 1.5f;  // the points beside 0 and infinity, with either sign
constexpr float PP = P * P, QQ = Q * Q;

// Six samples along one axis to the six points.
static inline void transform_input(const f32 (&d)[6], f32 (&t)[6]) {
  const f32 even_p = fma(splat(-QQ), d[2], d[4]), odd_p = fma(splat(-QQ), d[1], d[3]);
  const f32 even_q = fma(splat(-PP), d[2], d[4]), odd_q = fma(splat(-PP), d[1], d[3]);
  t[0] = fma(splat(PP * QQ), d[0], fma(splat(-(PP + QQ)), d[2], d[4]));
  t[1] = fma(splat(P), odd_p, even_p);
  t[2] = fma(splat(-P), odd_p, even_p);
  t[3] = fma(splat(Q), odd_q, even_q);
  t[4] = fma(splat(-Q), odd_q, even_q);
  t[5] = fma(splat(PP * QQ), d[1], fma(splat(-(PP + QQ)), d[3], d[5]));
}

// Products at the six points to four outputs along one axis.
static inline void transform_output(const f32 (&m)[6], f32 (&y)[4]) {
  const f32 sum_p = m[1] + m[2], difference_p = m[1] - m[2];
  const f32 sum_q = m[3] + m[4], difference_q = m[3] - m[4];
  y[0] = m[0] + (sum_p + sum_q);
  y[1] = fma(splat(Q), difference_q, splat(P) * difference_p);
  y[2] = fma(splat(QQ), sum_q, splat(PP) * sum_p);
  y[3] = fma(splat(Q * QQ), difference_q, fma(splat(P * PP), difference_p, m[5]));
}

template <bool Whole>
static inline void input_lanes(const float* const* pixels, int64_t c, int lanes, float* to, int64_t stride) {
  f32 columns[6][6];  // [column of the window][point along its height]
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    f32 d[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++)
      d[i] = Whole ? load(pixels[i * 6 + j] + c) : load(pixels[i * 6 + j] + c, lanes);
    transform_input(d, columns[j]);
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; i++) {
    f32 d[6], t[6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) d[j] = columns[j][i];
    transform_input(d, t);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) {
      float* const place = to + (i * 6 + j) * stride + c;
      if constexpr (Whole) store(place, t[j]);
      else store(place, t[j], lanes);
    }
  }
}

static void input(const float* const* pixels, int64_t channels, float* to, int64_t stride) {
  int64_t c = 0;
  for (; c + W <= channels; c += W) input_lanes<true>(pixels, c, W, to, stride);
  if (c < channels) input_lanes<false>(pixels, c, (int)(channels - c), to, stride);
}

template <bool Whole>
static inline void output_lanes(const float* from, int64_t stride, int64_t c, int lanes, float* const* out,
                                const float* bias, f32 low, f32 high) {
  f32 columns[6][4];
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    f32 m[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
      const float* const place = from + (i * 6 + j) * stride + c;
      m[i] = Whole ? load(place) : load(place, lanes);
    }
    transform_output(m, columns[j]);
  }
  f32 added = {};
  if (bias) added = Whole ? load(bias + c) : load(bias + c, lanes);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    f32 m[6], y[4];
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) m[j] = columns[j][i];
    transform_output(m, y);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      float* const place = out[i * 4 + j];
      if (!place) continue;
      const f32 value = min(high, max(low, y[j] + added));
      if constexpr (Whole) store(place + c, value);
      else store(place + c, value, lanes);
    }
  }
}

static void output(const float* from, int64_t stride, int64_t channels, float* const* out, const float* bias,
                   float low, float high) {
  const f32 least = splat(low), most = splat(high);
  int64_t c = 0;
  for (; c + W <= channels; c += W) output_lanes<true>(from, stride, c, W, out, bias, least, most);
  if (c < channels) output_lanes<false>(from, stride, c, (int)(channels - c), out, bias, least, most);
}

extern const WinogradMicro winograd_micro;
const WinogradMicro winograd_micro = {input, output};

}  // namespace edgert::EDGERT_TIER
