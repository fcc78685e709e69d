#include "backends/cpu/micro/map.h"

#include <float.h>

#include "backends/cpu/simd/math.h"

namespace edgert::EDGERT_TIER {

// body(i) for every vector of [0, n) rounded up to 16.
template <class Body>
[[gnu::always_inline]] static inline void each(int64_t n, Body&& body) {
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W)
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) body(i + v * W);
  for (; i < n; i += W) body(i);
}

// Of many instructions a vector.
template <f32 (*F)(f32)>
static void curve(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  for (int64_t i = 0; i < n; i += W) store(out + i, F(load(a + i)));
}

template <f32 (*F)(f32)>
static void unary(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  each(n, [&](int64_t i) { store(out + i, F(load(a + i))); });
}

template <f32 (*F)(f32, f32)>
static void binary(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b;
  float* out = (float*)s.out;
  each(n, [&](int64_t i) { store(out + i, F(load(a + i), load(b + i))); });
}

// a and the first N of the step's constants.
template <int N, f32 (*F)(f32, const f32*)>
static void with_constants(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  f32 k[N];
#pragma GCC unroll 8
  for (int i = 0; i < N; i++) k[i] = splat(s.k[i]);
  each(n, [&](int64_t i) { store(out + i, F(load(a + i), k)); });
}

template <i32 (*F)(f32, f32)>
static void compare(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b;
  uint8_t* out = (uint8_t*)s.out;
  each(n, [&](int64_t i) { store_mask(out + i, F(load(a + i), load(b + i))); });
}

static void choose(const TileStep& s, int64_t n) {
  const uint8_t* condition = (const uint8_t*)s.a;
  const float *b = (const float*)s.b, *c = (const float*)s.c;
  float* out = (float*)s.out;
  each(n, [&](int64_t i) { store(out + i, select(load_mask(condition + i), load(b + i), load(c + i))); });
}

static void multiply_add(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b, *c = (const float*)s.c;
  float* out = (float*)s.out;
  each(n, [&](int64_t i) { store(out + i, load(a + i) * load(b + i) + load(c + i)); });
}

static void scaled_sum(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b;
  float* out = (float*)s.out;
  const f32 k = splat(s.k[0]), l = splat(s.k[1]);
  each(n, [&](int64_t i) { store(out + i, load(a + i) * k + load(b + i) * l); });
}

// erf(x) + 1 is 2 - erfc(x), or erfc(-x) for negative x.
static void gelu(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  const f32 scale = splat(s.k[0]), factor = splat(s.k[1]), twice = factor + factor;
  for (int64_t i = 0; i < n; i += W) {
    const f32 x = load(a + i);
    const f32 size = max(-x, min(splat(FLT_MAX), x));  // of infinity, times 0, is 0; of -infinity NaN
    store(out + i, fma(-size * factor, erfc_of_positive(size * scale), max(f32{}, x) * twice));
  }
}

template <class Byte>
static void from_bytes(const TileStep& s, int64_t n) {
  const Byte* a = (const Byte*)s.a;
  float* out = (float*)s.out;
  each(n, [&](int64_t i) { store(out + i, to_f32(load_bytes(a + i))); });
}

template <int Least>
static void to_bytes(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  uint8_t* out = (uint8_t*)s.out;
  const f32 low = splat((float)Least), high = splat((float)(Least + 255));
  each(n, [&](int64_t i) {
    const f32 x = load(a + i);
    store_bytes(out + i, to_i32(min(high, max(low, select(x == x, x, f32{})))));
  });
}

static inline f32 negative(f32 x) { return -x; }
static inline f32 reciprocal(f32 x) { return 1.0f / x; }
static inline f32 sign(f32 x) {
  return x > 0.0f ? splat(1.0f) : x < 0.0f ? splat(-1.0f) : x == 0.0f ? f32{} : x;
}
static inline f32 silu(f32 x) { return x * sigmoid(x); }
static inline f32 sum_of(f32 a, f32 b) { return a + b; }
static inline f32 difference(f32 a, f32 b) { return a - b; }
static inline f32 product(f32 a, f32 b) { return a * b; }
static inline f32 quotient(f32 a, f32 b) { return a / b; }
static inline f32 add_constant(f32 a, const f32* k) { return a + k[0]; }
static inline f32 multiply_constant(f32 a, const f32* k) { return a * k[0]; }
static inline f32 clamp(f32 a, const f32* k) { return min(k[1], max(k[0], a)); }
static inline f32 gate(f32 a, const f32* k) {
  return a * min(k[3], max(k[2], a * k[0] + k[1])) * k[4] + k[5];
}
static inline f32 leaky(f32 a, const f32* k) { return a < 0.0f ? a * k[0] : a; }
static inline f32 leaky_by(f32 a, f32 b) { return a < 0.0f ? a * b : a; }
static inline i32 equal(f32 a, f32 b) { return a == b; }
static inline i32 not_equal(f32 a, f32 b) { return a != b; }
static inline i32 less(f32 a, f32 b) { return a < b; }
static inline i32 less_equal(f32 a, f32 b) { return a <= b; }
static inline i32 greater(f32 a, f32 b) { return a > b; }
static inline i32 greater_equal(f32 a, f32 b) { return a >= b; }

static constexpr MapMicro make() {
  MapMicro m = {};
  auto& f = m.functions;
  f[2] = unary<negative>;
  f[3] = unary<abs>;
  f[4] = unary<sign>;
  f[5] = unary<ceil>;
  f[6] = unary<floor>;
  f[7] = unary<round>;
  f[8] = unary<trunc>;
  f[9] = unary<sqrt>;
  f[10] = unary<reciprocal>;
  f[11] = curve<exp>;
  f[12] = curve<log>;
  f[13] = curve<expm1>;
  f[14] = curve<log1p>;
  f[15] = curve<sin>;
  f[16] = curve<cos>;
  f[23] = curve<tanh>;
  f[27] = curve<erf>;
  f[28] = curve<sigmoid>;
  f[40] = binary<sum_of>;
  f[41] = binary<difference>;
  f[42] = binary<product>;
  f[43] = binary<quotient>;
  f[47] = binary<minimum>;
  f[48] = binary<maximum>;
  f[49] = compare<equal>;
  f[50] = compare<not_equal>;
  f[51] = compare<less>;
  f[52] = compare<less_equal>;
  f[53] = compare<greater>;
  f[54] = compare<greater_equal>;
  f[70] = choose;
  f[kAddConstant] = with_constants<1, add_constant>;
  f[kMultiplyConstant] = with_constants<1, multiply_constant>;
  f[kClamp] = with_constants<2, clamp>;
  f[kSilu] = curve<silu>;
  f[kGate] = with_constants<6, gate>;
  f[kGelu] = gelu;
  f[kMultiplyAdd] = multiply_add;
  f[kLeaky] = with_constants<1, leaky>;
  f[kLeakyBy] = binary<leaky_by>;
  f[kScaledSum] = scaled_sum;
  for (int code = 0; code < kFusedEnd; code++)
    if (!has_step(code)) f[code] = nullptr;
  if (has_instruction(kCast)) {
    m.from_u8 = from_bytes<uint8_t>;
    m.from_i8 = from_bytes<int8_t>;
    m.to_u8 = to_bytes<0>;
    m.to_i8 = to_bytes<-128>;
  }
  return m;
}

extern const MapMicro map_micro;
constinit const MapMicro map_micro = make();

}  // namespace edgert::EDGERT_TIER
