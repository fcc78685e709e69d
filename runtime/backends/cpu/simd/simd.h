// Vectors of f32 and i32 for one ISA tier: the only file with ISA conditionals.
//
// Files that include it are compiled once per tier with -DEDGERT_TIER=portable|avx2|avx512|neon and put
// everything into namespace edgert::EDGERT_TIER. They include C headers only: an inline STL function
// compiled for AVX-512 would replace the portable one in the whole library.
//
// Arithmetic, comparisons (giving an i32 mask of 0 and -1), & | ^ ~ and shifts of i32, and
// `mask ? a : b` are the compilers' vector extensions; the functions below are what they lack.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef EDGERT_TIER
#error "compile with -DEDGERT_TIER=portable, avx2, avx512 or neon"
#endif
#define EDGERT_TIER_NUMBER_portable 0
#define EDGERT_TIER_NUMBER_avx2 1
#define EDGERT_TIER_NUMBER_avx512 2
#define EDGERT_TIER_NUMBER_neon 3
// Variants of the two, with products of bytes: only families that gain by them are compiled for these.
#define EDGERT_TIER_NUMBER_avx512vnni 4
#define EDGERT_TIER_NUMBER_neondot 5
#define EDGERT_JOIN_(a, b) a##b
#define EDGERT_JOIN(a, b) EDGERT_JOIN_(a, b)
#define EDGERT_TEXT_(a) #a
#define EDGERT_TEXT(a) EDGERT_TEXT_(a)
#define EDGERT_TIER_NUMBER EDGERT_JOIN(EDGERT_TIER_NUMBER_, EDGERT_TIER)
#define EDGERT_PORTABLE (EDGERT_TIER_NUMBER == 0)
#define EDGERT_AVX2 (EDGERT_TIER_NUMBER == 1)
#define EDGERT_DOT_PRODUCTS (EDGERT_TIER_NUMBER >= 4)
#define EDGERT_AVX512 (EDGERT_TIER_NUMBER == 2 || EDGERT_TIER_NUMBER == 4)
#define EDGERT_NEON (EDGERT_TIER_NUMBER == 3 || EDGERT_TIER_NUMBER == 5)

#if EDGERT_AVX2 || EDGERT_AVX512
#include <immintrin.h>
#elif EDGERT_NEON
#include <arm_neon.h>
#endif

namespace edgert::EDGERT_TIER {

// Lanes of a vector. Panels and padded buffers come in steps of 16, a multiple of every W.
constexpr int W = EDGERT_AVX512 ? 16 : EDGERT_AVX2 ? 8 : 4;

typedef float f32 __attribute__((vector_size(W * 4)));
typedef int32_t i32 __attribute__((vector_size(W * 4)));
typedef uint32_t u32 __attribute__((vector_size(W * 4)));
typedef uint8_t bytes_of_lanes __attribute__((vector_size(W)));
typedef uint16_t halves_of_lanes __attribute__((vector_size(W * 2)));

static inline f32 splat(float x) { return x - f32{}; }
static inline i32 splat(int32_t x) { return x - i32{}; }
static inline i32 bits(f32 x) { return (i32)x; }
static inline f32 from_bits(i32 x) { return (f32)x; }
// To the nearest f32.
static inline f32 to_f32(i32 x) { return __builtin_convertvector(x, f32); }
// Truncates; the value must fit.
static inline i32 to_i32(f32 x) { return __builtin_convertvector(x, i32); }
static inline f32 select(i32 mask, f32 a, f32 b) { return mask ? a : b; }
static inline i32 select(i32 mask, i32 a, i32 b) { return mask ? a : b; }

static inline f32 load(const float* p) {
  f32 x;
  memcpy(&x, p, sizeof x);
  return x;
}
static inline i32 load(const int32_t* p) {
  i32 x;
  memcpy(&x, p, sizeof x);
  return x;
}
static inline void store(float* p, f32 x) { memcpy(p, &x, sizeof x); }
static inline void store(int32_t* p, i32 x) { memcpy(p, &x, sizeof x); }

// The first n lanes (0 <= n <= W), the others zero; memory behind them is not touched. `Lanes` are found once
// for many loads.
struct Lanes;
static inline Lanes first_lanes(int n);
static inline f32 load(const float* p, Lanes lanes);
static inline void store(float* p, f32 x, Lanes lanes);
static inline f32 load(const float* p, int n);
static inline void store(float* p, f32 x, int n);

// a * b + c, rounded once where the ISA can.
static inline f32 fma(f32 a, f32 b, f32 c);
static inline f32 sqrt(f32 x);
// To an integer, halves to even.
static inline f32 round(f32 x);
static inline f32 floor(f32 x);
// The smaller and the larger. A NaN in `x` stays (limit is never NaN): clamp is min(hi, max(lo, x)).
static inline f32 min(f32 limit, f32 x);
static inline f32 max(f32 limit, f32 x);

#if EDGERT_AVX512
// The maskz forms: gcc 12 warns of an uninitialised value inside the others.
constexpr __mmask16 kAll = 0xffff;
struct Lanes {
  __mmask16 mask;
};
static inline Lanes first_lanes(int n) { return {(__mmask16)((1u << n) - 1)}; }
static inline f32 load(const float* p, Lanes lanes) { return _mm512_maskz_loadu_ps(lanes.mask, p); }
static inline void store(float* p, f32 x, Lanes lanes) { _mm512_mask_storeu_ps(p, lanes.mask, x); }
static inline f32 fma(f32 a, f32 b, f32 c) { return _mm512_fmadd_ps(a, b, c); }
static inline f32 sqrt(f32 x) { return _mm512_maskz_sqrt_ps(kAll, x); }
static inline f32 round(f32 x) {
  return _mm512_maskz_roundscale_ps(kAll, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline f32 floor(f32 x) {
  return _mm512_maskz_roundscale_ps(kAll, x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
static inline f32 min(f32 limit, f32 x) { return _mm512_maskz_min_ps(kAll, limit, x); }
static inline f32 max(f32 limit, f32 x) { return _mm512_maskz_max_ps(kAll, limit, x); }
#elif EDGERT_AVX2
struct Lanes {
  i32 mask;
};
static inline Lanes first_lanes(int n) { return {i32{0, 1, 2, 3, 4, 5, 6, 7} < n}; }
static inline f32 load(const float* p, Lanes lanes) { return _mm256_maskload_ps(p, (__m256i)lanes.mask); }
static inline void store(float* p, f32 x, Lanes lanes) { _mm256_maskstore_ps(p, (__m256i)lanes.mask, x); }
static inline f32 fma(f32 a, f32 b, f32 c) { return _mm256_fmadd_ps(a, b, c); }
static inline f32 sqrt(f32 x) { return _mm256_sqrt_ps(x); }
static inline f32 round(f32 x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline f32 floor(f32 x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
static inline f32 min(f32 limit, f32 x) { return _mm256_min_ps(limit, x); }
static inline f32 max(f32 limit, f32 x) { return _mm256_max_ps(limit, x); }
#else
struct Lanes {
  int count;
};
static inline Lanes first_lanes(int n) { return {n}; }
static inline f32 load(const float* p, Lanes lanes) {
  if (lanes.count == W) return load(p);
  f32 x = {};
  memcpy(&x, p, (size_t)lanes.count * sizeof(float));
  return x;
}
static inline void store(float* p, f32 x, Lanes lanes) {
  if (lanes.count == W) store(p, x);
  else memcpy(p, &x, (size_t)lanes.count * sizeof(float));
}
#if EDGERT_NEON
static inline f32 min(f32 limit, f32 x) { return (f32)vminq_f32((float32x4_t)limit, (float32x4_t)x); }
static inline f32 max(f32 limit, f32 x) { return (f32)vmaxq_f32((float32x4_t)limit, (float32x4_t)x); }
#else
static inline f32 min(f32 limit, f32 x) { return limit < x ? limit : x; }
static inline f32 max(f32 limit, f32 x) { return limit > x ? limit : x; }
#endif
#if EDGERT_NEON && (defined(__aarch64__) || defined(__ARM_FEATURE_FMA))
static inline f32 fma(f32 a, f32 b, f32 c) {
  return (f32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
#else
static inline f32 fma(f32 a, f32 b, f32 c) { return a * b + c; }
#endif
#if EDGERT_NEON && defined(__aarch64__)
static inline f32 sqrt(f32 x) { return (f32)vsqrtq_f32((float32x4_t)x); }
static inline f32 round(f32 x) { return (f32)vrndnq_f32((float32x4_t)x); }
static inline f32 floor(f32 x) { return (f32)vrndmq_f32((float32x4_t)x); }
#else
static inline f32 sqrt(f32 x) {
  for (int i = 0; i < W; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
// Adding and taking away 2^23 leaves no room for a fraction; larger values have none.
static inline f32 round(f32 x) {
  i32 sign = bits(x) & INT32_MIN;
  f32 size = from_bits(bits(x) ^ sign);
  f32 rounded = from_bits(bits((size + 8388608.0f) - 8388608.0f) | sign);
  return size < 8388608.0f ? rounded : x;
}
static inline f32 floor(f32 x) {
  f32 near = round(x);
  return near > x ? near - 1.0f : near;
}
#endif
#endif
static inline f32 load(const float* p, int n) { return load(p, first_lanes(n)); }
static inline void store(float* p, f32 x, int n) { store(p, x, first_lanes(n)); }

static inline f32 abs(f32 x) { return from_bits(bits(x) & 0x7fffffff); }
static inline f32 trunc(f32 x) { return from_bits(bits(floor(abs(x))) | (bits(x) & INT32_MIN)); }
static inline f32 ceil(f32 x) { return -floor(-x); }
// NaN where either is NaN, as `min` and `max` of a scalar program.
static inline f32 minimum(f32 a, f32 b) { return a != a ? a : min(a, b); }
static inline f32 maximum(f32 a, f32 b) { return a != a ? a : max(a, b); }

// Bytes as lanes, and the low bytes of lanes.
#if EDGERT_AVX512
static inline i32 load_bytes(const uint8_t* p) {
  return (i32)_mm512_maskz_cvtepu8_epi32(kAll, _mm_loadu_si128((const __m128i*)p));
}
static inline i32 load_bytes(const int8_t* p) {
  return (i32)_mm512_maskz_cvtepi8_epi32(kAll, _mm_loadu_si128((const __m128i*)p));
}
static inline bytes_of_lanes low_bytes(i32 x) {
  return (bytes_of_lanes)_mm512_maskz_cvtepi32_epi8(kAll, (__m512i)x);
}
#elif EDGERT_AVX2
static inline i32 load_bytes(const uint8_t* p) {
  return (i32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
}
static inline i32 load_bytes(const int8_t* p) {
  return (i32)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p));
}
static inline bytes_of_lanes low_bytes(i32 x) {
  const __m256i four = _mm256_shuffle_epi8((__m256i)x, _mm256_set1_epi32(0x0c080400));
  const __m128i low = _mm256_castsi256_si128(four), high = _mm256_extracti128_si256(four, 1);
  return (bytes_of_lanes)_mm_cvtsi128_si64(_mm_unpacklo_epi32(low, high));
}
#elif EDGERT_NEON
static inline uint8x8_t load_four(const void* p) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return vreinterpret_u8_u32(vdup_n_u32(x));
}
static inline i32 load_bytes(const uint8_t* p) {
  return (i32)vmovl_u16(vget_low_u16(vmovl_u8(load_four(p))));
}
static inline i32 load_bytes(const int8_t* p) {
  return (i32)vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(load_four(p)))));
}
static inline bytes_of_lanes low_bytes(i32 x) {
  const uint16x4_t halves = vmovn_u32((uint32x4_t)x);
  const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(halves, halves))), 0);
  return (bytes_of_lanes)four;
}
#else
static inline i32 load_bytes(const uint8_t* p) {
  bytes_of_lanes x;
  memcpy(&x, p, sizeof x);
  return __builtin_convertvector(x, i32);
}
static inline i32 load_bytes(const int8_t* p) { return (load_bytes((const uint8_t*)p) ^ 128) - 128; }
static inline bytes_of_lanes low_bytes(i32 x) { return __builtin_convertvector(x, bytes_of_lanes); }
#endif
static inline void store_bytes(uint8_t* p, i32 x) {
  const bytes_of_lanes bytes = low_bytes(x);
  memcpy(p, &bytes, sizeof bytes);
}

// Lanes of bool tensors: 0 and 1 bytes to a mask of 0 and -1, and back.
#if EDGERT_AVX512
static inline i32 load_mask(const uint8_t* p) {
  const __m128i x = _mm_loadu_si128((const __m128i*)p);
  return (i32)_mm512_movm_epi32(_mm_test_epi8_mask(x, x));
}
static inline void store_mask(uint8_t* p, i32 mask) {
  _mm_storeu_si128((__m128i*)p, _mm_maskz_set1_epi8(_mm512_movepi32_mask((__m512i)mask), 1));
}
#else
static inline i32 load_mask(const uint8_t* p) { return load_bytes(p) != 0; }
static inline void store_mask(uint8_t* p, i32 mask) { store_bytes(p, mask & 1); }
#endif

// scale_by_power: x 2^n for |n| <= 252, rounded once where the ISA can; scale_by_small_power: where 2^n and
// the result are normal. divide: a / b within 1 ulp; a is finite, b and 1 / b are normal.
#if EDGERT_AVX512
static inline f32 scale_by_power(f32 x, f32 n) { return _mm512_maskz_scalef_ps(kAll, x, n); }
static inline f32 scale_by_small_power(f32 x, f32 n) { return scale_by_power(x, n); }
static inline f32 divide(f32 a, f32 b) {
  const f32 r = _mm512_maskz_rcp14_ps(kAll, b);
  const f32 y = a * r;
  return fma(fma(-b, y, a), r, y);
}
#else
static inline f32 scale_by_power(f32 x, f32 n) {
  // In two factors, so that overflow and subnormal results come out right.
  const i32 whole = to_i32(n), half = whole >> 1;
  return x * from_bits((half + 127) << 23) * from_bits((whole - half + 127) << 23);
}
static inline f32 scale_by_small_power(f32 x, f32 n) { return x * from_bits((to_i32(n) + 127) << 23); }
static inline f32 divide(f32 a, f32 b) { return a / b; }
#endif

// Over the lanes. The order of the additions is that of a tree; `largest` is NaN where a lane is NaN.
#if EDGERT_AVX2 || EDGERT_AVX512
#if EDGERT_AVX512
static inline bool any_nan(f32 x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q); }
static inline __m256 low_half(f32 x) { return _mm512_maskz_extractf32x8_ps(0xff, x, 0); }
static inline __m256 high_half(f32 x) { return _mm512_maskz_extractf32x8_ps(0xff, x, 1); }
#else
static inline bool any_nan(f32 x) { return _mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)); }
#endif
static inline __m128 low_half(__m256 x) { return _mm256_castps256_ps128(x); }
static inline __m128 high_half(__m256 x) { return _mm256_extractf128_ps(x, 1); }
static inline float sum(__m128 x) {
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return x[0] + x[1];
}
static inline float largest(__m128 x) {
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return x[0] > x[1] ? x[0] : x[1];
}
#if EDGERT_AVX512
static inline float sum(__m256 x) { return sum(_mm_add_ps(low_half(x), high_half(x))); }
static inline float largest(__m256 x) { return largest(_mm_max_ps(low_half(x), high_half(x))); }
#endif
static inline float sum(f32 x) { return sum(low_half(x) + high_half(x)); }
static inline float largest(f32 x) {
  const auto low = low_half(x), high = high_half(x);
  return any_nan(x) ? NAN : largest(low > high ? low : high);
}
#else
static inline float sum(f32 x) {
  for (int width = W / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) x[i] += x[i + width];
  return x[0];
}
static inline float largest(f32 x) {
  float most = x[0];
  for (int i = 1; i < W; i++) most = (x[i] > most || x[i] != x[i]) ? x[i] : most;
  return most;
}
#endif

}  // namespace edgert::EDGERT_TIER
