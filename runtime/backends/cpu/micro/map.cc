#include "backends/cpu/micro/map.h"

#include "backends/cpu/simd/math.h"

namespace edgert::EDGERT_TIER {

template <f32 (*F)(f32)>
static void unary(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  for (int64_t i = 0; i < n; i += 16)
#pragma GCC unroll 4
    for (int v = 0; v < 16; v += W) store(out + i + v, F(load(a + i + v)));
}

template <f32 (*F)(f32, f32)>
static void binary(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b;
  float* out = (float*)s.out;
  for (int64_t i = 0; i < n; i += 16)
#pragma GCC unroll 4
    for (int v = 0; v < 16; v += W) store(out + i + v, F(load(a + i + v), load(b + i + v)));
}

// a and the step's constants.
template <f32 (*F)(f32, f32, f32)>
static void with_constants(const TileStep& s, int64_t n) {
  const float* a = (const float*)s.a;
  float* out = (float*)s.out;
  const f32 x = splat(s.x), y = splat(s.y);
  for (int64_t i = 0; i < n; i += 16)
#pragma GCC unroll 4
    for (int v = 0; v < 16; v += W) store(out + i + v, F(load(a + i + v), x, y));
}

template <i32 (*F)(f32, f32)>
static void compare(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b;
  uint8_t* out = (uint8_t*)s.out;
  for (int64_t i = 0; i < n; i += W) store_mask(out + i, F(load(a + i), load(b + i)));
}

static void choose(const TileStep& s, int64_t n) {
  const uint8_t* condition = (const uint8_t*)s.a;
  const float *b = (const float*)s.b, *c = (const float*)s.c;
  float* out = (float*)s.out;
  for (int64_t i = 0; i < n; i += W)
    store(out + i, select(load_mask(condition + i), load(b + i), load(c + i)));
}

static void multiply_add(const TileStep& s, int64_t n) {
  const float *a = (const float*)s.a, *b = (const float*)s.b, *c = (const float*)s.c;
  float* out = (float*)s.out;
  for (int64_t i = 0; i < n; i += W) store(out + i, load(a + i) * load(b + i) + load(c + i));
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
static inline f32 add_constant(f32 a, f32 x, f32) { return a + x; }
static inline f32 multiply_constant(f32 a, f32 x, f32) { return a * x; }
static inline f32 clamp(f32 a, f32 x, f32 y) { return min(y, max(x, a)); }
static inline f32 hard_swish(f32 a, f32 x, f32 y) { return a * min(splat(1.0f), max(f32{}, a * x + y)); }
static inline f32 leaky(f32 a, f32 x, f32) { return a < 0.0f ? a * x : a; }
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
  f[11] = unary<exp>;
  f[12] = unary<log>;
  f[13] = unary<expm1>;
  f[14] = unary<log1p>;
  f[15] = unary<sin>;
  f[16] = unary<cos>;
  f[23] = unary<tanh>;
  f[27] = unary<erf>;
  f[28] = unary<sigmoid>;
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
  f[kAddConstant] = with_constants<add_constant>;
  f[kMultiplyConstant] = with_constants<multiply_constant>;
  f[kClamp] = with_constants<clamp>;
  f[kSilu] = unary<silu>;
  f[kHardSwish] = with_constants<hard_swish>;
  f[kMultiplyAdd] = multiply_add;
  f[kLeaky] = with_constants<leaky>;
  f[kLeakyBy] = binary<leaky_by>;
  return m;
}

extern const MapMicro map_micro;
constinit const MapMicro map_micro = make();

}  // namespace edgert::EDGERT_TIER
