// Elementary functions of f32 vectors, each within 2 ulp (tests/backends/cpu/math_test.cc measures them).
//
// Arguments are reduced so that the parts are exact with and without fused multiply-add; the polynomials are
// least-squares fits reweighted towards the minimax one (relative error of each below 1e-8).
#pragma once

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

// c[0] + c[1] x + ..., as two sums over powers of x x, so that fewer steps wait for each other.
template <int N>
static inline f32 polynomial(f32 x, const float (&c)[N]) {
  const f32 square = x * x;
  f32 y = splat(c[N - 1]), other = splat(c[N - 2]);
#pragma GCC unroll 16
  for (int i = N - 3; i >= 0; i -= 2) {
    y = fma(y, square, splat(c[i]));
    if (i > 0) other = fma(other, square, splat(c[i - 1]));
  }
  return N % 2 ? fma(other, x, y) : fma(y, x, other);
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 1e6; gives r.
static inline f32 reduce_exponent(f32 x, f32& n) {
  constexpr float kNoFraction = 12582912.0f;  // added to a number, it leaves no room for a fraction
  n = fma(x, splat(1.44269504f), splat(kNoFraction)) - kNoFraction;
  const f32 r = fma(n, splat(-0.693359375f), x);  // ln 2 in 9 bits and the rest
  return fma(n, splat(2.12194440e-4f), r);
}

// exp of x within [-104, most], and of the bound where it is outside.
static inline f32 exp_to(f32 x, float most) {
  static const float kSeries[] = {0.5f, 0.166665122f, 0.0416661873f, 0.00836959854f, 0.00139517104f};
  x = min(splat(most), max(splat(-104.0f), x));
  f32 n;
  const f32 r = reduce_exponent(x, n);
  const f32 y = fma(r * r, polynomial(r, kSeries), r) + 1.0f;
  return scale_by_power(y, n);
}

static inline f32 exp(f32 x) { return exp_to(x, 89.0f); }

// exp - 1 of x within [-bound, bound], and of the bound where it is outside; bound <= 60.
static inline f32 expm1_to(f32 x, float bound) {
  static const float kSeries[] = {0.5f,           0.166666672f,  0.0416663401f,
                                  0.00833327416f, 0.0013942098f, 0.000199135073f};
  x = min(splat(bound), max(splat(-bound), x));
  f32 n;
  const f32 r = reduce_exponent(x, n);
  const f32 y = fma(r * r, polynomial(r, kSeries), r);
  const f32 power = from_bits((to_i32(n) + 127) << 23);
  return fma(y, power, power - 1.0f);
}

static inline f32 expm1(f32 x) { return x > 60.0f ? exp(x) : expm1_to(x, 60.0f); }

// ln(m) + e ln 2 where f = m - 1 is within [sqrt(1/2) - 1, sqrt(2) - 1] and `rest` is a small addend of f.
static inline f32 log_of_parts(f32 f, f32 e, f32 rest) {
  static const float kSeries[] = {0.333333105f, -0.249999866f, 0.200022191f, -0.166692436f, 0.142187774f,
                                  -0.12384513f, 0.118723467f,  -0.11788705f, 0.0691538453f};
  const f32 square = f * f;
  f32 y = f * square * polynomial(f, kSeries);
  y = fma(e, splat(-2.12194440e-4f), y) + rest;
  y = fma(square, splat(-0.5f), y);
  return fma(e, splat(0.693359375f), f + y);
}

// m and e of a positive normal x = m 2^e with m within [sqrt(1/2), sqrt(2)); for other x any value.
static inline f32 split_exponent(f32 x, f32& e) {
  const i32 shifted = (i32)((u32)bits(x) - 0x3f3504f3u);  // sqrt(1/2)
  e = to_f32(shifted >> 23);
  return from_bits((shifted & 0x007fffff) + 0x3f3504f3);
}

static inline f32 log_special(f32 x, f32 y) {
  y = x == 0.0f ? splat(-INFINITY) : y;
  y = x == INFINITY ? x : y;
  return ((x < 0.0f) | (x != x)) ? splat(NAN) : y;
}

static inline f32 log(f32 x) {
  const i32 small = x < 1.17549435e-38f;
  f32 e;
  const f32 m = split_exponent(small ? x * 8388608.0f : x, e);
  e = small ? e - 23.0f : e;
  return log_special(x, log_of_parts(m - 1.0f, e, f32{}));
}

static inline f32 log1p(f32 x) {
  const f32 u = x + 1.0f;
  f32 e;
  const f32 m = split_exponent(u, e);
  // What rounding 1 + x lost, as a part of u; u is far from it where x is large.
  const f32 lost = (abs(x) < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x)) / u;
  const f32 y = log_of_parts(m - 1.0f, e, lost);
  return abs(x) < 1e-7f ? x : log_special(u, y);
}

static inline f32 with_sign(f32 size, f32 sign) { return from_bits(bits(size) | (bits(sign) & INT32_MIN)); }

static inline f32 sigmoid(f32 x) {
  const f32 e = exp_to(x, 80.0f);  // 1 from there on
  return divide(e, e + 1.0f);
}

static inline f32 tanh(f32 x) {
  const f32 e = expm1_to(x + x, 20.0f);  // 1 from there on
  return divide(e, e + 2.0f);
}

static inline f32 erf(f32 x) {
  static const float kSeries[] = {0.128379166f,   -0.376126349f,   0.112837367f,   -0.0268617738f,
                                  0.00520721916f, -0.00082165451f, 8.69895885e-05f};
  static const float kLogOfRest[] = {0.000162030308f, -1.12945318f,    -0.633473396f,   -0.108139105f,
                                     0.0250271969f,   -0.00413566735f, 0.000427087973f, -2.04518237e-05f};
  const f32 size = abs(x), square = x * x;
  const f32 near = fma(x, polynomial(square, kSeries), x);
  const f32 far = with_sign(1.0f - exp(polynomial(min(splat(4.0f), size), kLogOfRest)), x);
  return size < 0.875f ? near : far;
}

// 1 - erf(x) of x >= 0, 0 above 4. The absolute error is below 1e-7.
static inline f32 erfc_of_positive(f32 x) {
  static const float kLogarithm[] = {-1.62790918f,    -0.918406904f,    -0.148522034f,
                                     0.0283115227f,   -0.000765960955f, -0.00158686098f,
                                     0.000538518245f, -8.07632096e-05f, 4.83286203e-06f};
  static const float kPower[] = {0.693147004f, 0.240222424f, 0.0555073358f, 0.00967151299f, 0.00132647273f};
  const f32 small = min(splat(4.0f), x), logarithm = small * polynomial(small, kLogarithm);
  const f32 n = round(logarithm), r = logarithm - n;
  const f32 y = scale_by_small_power(fma(r, polynomial(r, kPower), splat(1.0f)), n);
  return x > 4.0f ? f32{} : y;
}

// The parts of pi/2 have 11 bits, so n times them is exact.
constexpr float kLargestAngle = 1000.0f;

// x = n pi/2 + r with |r| <= pi/4, for |x| <= kLargestAngle; gives r and n's last two bits.
static inline f32 reduce_angle(f32 x, i32& quadrant) {
  const f32 n = round(x * 0.636619772f);
  quadrant = to_i32(n) & 3;
  f32 r = fma(n, splat(-1.5703125f), x);
  r = fma(n, splat(-0.00048375129699707031f), r);
  return fma(n, splat(-7.54978942e-8f), r);
}

// sin(r) where quadrant is even, cos(r) where odd, negated in the upper half.
static inline f32 sine_of_quadrant(f32 r, i32 quadrant) {
  static const float kSine[] = {-0.166666672f, 0.00833332911f, -0.000198392969f, 2.71794352e-06f};
  static const float kCosine[] = {0.0416666679f, -0.00138888834f, 2.47994813e-05f, -2.72069343e-07f};
  const f32 square = r * r;
  const f32 sine = fma(square * r, polynomial(square, kSine), r);
  const f32 cosine =
      fma(square * square, polynomial(square, kCosine), fma(square, splat(-0.5f), splat(1.0f)));
  const f32 y = (quadrant & 1) != 0 ? cosine : sine;
  return from_bits(bits(y) ^ ((quadrant & 2) << 30));
}

static inline f32 sin(f32 x) {
  i32 quadrant;
  const f32 r = reduce_angle(x, quadrant);
  f32 y = sine_of_quadrant(r, quadrant);
  const i32 large = ~(abs(x) <= kLargestAngle);
  for (int i = 0; i < W; i++)
    if (large[i]) y[i] = sinf(x[i]);
  return y;
}

static inline f32 cos(f32 x) {
  i32 quadrant;
  const f32 r = reduce_angle(x, quadrant);
  f32 y = sine_of_quadrant(r, (quadrant + 1) & 3);
  const i32 large = ~(abs(x) <= kLargestAngle);
  for (int i = 0; i < W; i++)
    if (large[i]) y[i] = cosf(x[i]);
  return y;
}

}  // namespace edgert::EDGERT_TIER
