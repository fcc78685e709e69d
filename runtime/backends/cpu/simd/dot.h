// Sums of four products of bytes in every lane of i32.
//
// A lane of weights is one column: four signed bytes along the reduced axis. The bytes of a row are taken as
// signed or not, as kDotSigned says; `flip` turns the other kind into it: x - 128, or x + 128. kDotGroups
// groups of four bytes of a row are loaded at once.
#pragma once

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

#if EDGERT_DOT_PRODUCTS
typedef i32 dot_weights;
typedef i32 dot_bytes;
typedef i32 dot_sums;
static inline dot_weights prepare_weights(i32 w) { return w; }
static inline dot_bytes spread(int32_t x) { return splat(x); }
static inline i32 total(dot_sums sum) { return sum; }
#if EDGERT_AVX512
constexpr bool kDotSigned = false;
constexpr int kDotRows = 14, kDotPanels = 2, kDotGroups = 1;
template <int Group>
static inline dot_sums multiply_add(dot_bytes x, dot_weights w, dot_sums sum) {
  return (i32)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
#else
constexpr bool kDotSigned = true;
constexpr int kDotRows = 6, kDotPanels = 1, kDotGroups = 4;
static inline dot_bytes load_groups(const uint8_t* p, uint32_t flip) {
  return load((const int32_t*)p) ^ splat((int32_t)flip);
}
template <int Group>
static inline dot_sums multiply_add(dot_bytes x, dot_weights w, dot_sums sum) {
  return (i32)vdotq_laneq_s32((int32x4_t)sum, (int8x16_t)w, (int8x16_t)x, Group);
}
#endif

#elif EDGERT_NEON
// Pairs of products are summed in two registers of half as many columns each.
constexpr bool kDotSigned = true;
constexpr int kDotRows = sizeof(void*) == 8 ? 3 : 1, kDotPanels = 1, kDotGroups = 1;
typedef i32 dot_weights;
typedef int8x8_t dot_bytes;
struct dot_sums {
  i32 low, high;
};
static inline dot_weights prepare_weights(i32 w) { return w; }
static inline dot_bytes spread(int32_t x) { return vreinterpret_s8_s32(vdup_n_s32(x)); }
template <int Group>
static inline dot_sums multiply_add(dot_bytes x, dot_weights w, dot_sums sum) {
  const int8x16_t bytes = (int8x16_t)w;
  return {(i32)vpadalq_s16((int32x4_t)sum.low, vmull_s8(vget_low_s8(bytes), x)),
          (i32)vpadalq_s16((int32x4_t)sum.high, vmull_s8(vget_high_s8(bytes), x))};
}
static inline i32 total(dot_sums sum) {
  const int32x4_t low = (int32x4_t)sum.low, high = (int32x4_t)sum.high;
  return (i32)vcombine_s32(vpadd_s32(vget_low_s32(low), vget_high_s32(low)),
                           vpadd_s32(vget_low_s32(high), vget_high_s32(high)));
}

#else
// Bytes 0 and 2 of a lane, and 1 and 3, as pairs of i16.
constexpr bool kDotSigned = true;
constexpr int kDotRows = EDGERT_AVX512 ? 10 : EDGERT_AVX2 ? 4 : 1, kDotPanels = EDGERT_AVX512 ? 2 : 1;
constexpr int kDotGroups = 1;
typedef int16_t i16_pairs __attribute__((vector_size(W * 4)));
struct dot_weights {
  i16_pairs even, odd;
};
typedef dot_weights dot_bytes;
typedef i32 dot_sums;
static inline dot_weights prepare_weights(i32 w) {
  const i16_pairs pairs = (i16_pairs)w;
  return {(pairs << 8) >> 8, pairs >> 8};
}
static inline dot_bytes spread(int32_t x) { return prepare_weights(splat(x)); }
#if EDGERT_AVX512
static inline i32 multiply_pairs(i16_pairs a, i16_pairs b) {
  return (i32)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#elif EDGERT_AVX2
static inline i32 multiply_pairs(i16_pairs a, i16_pairs b) {
  return (i32)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#else
static inline i32 multiply_pairs(i16_pairs a, i16_pairs b) {
  const i32 x = (i32)a, y = (i32)b;
  return ((x << 16) >> 16) * ((y << 16) >> 16) + (x >> 16) * (y >> 16);
}
#endif
template <int Group>
static inline dot_sums multiply_add(dot_bytes x, dot_weights w, dot_sums sum) {
  return sum + multiply_pairs(x.even, w.even) + multiply_pairs(x.odd, w.odd);
}
static inline i32 total(dot_sums sum) { return sum; }
#endif

// Four bytes, or the n first of them.
static inline dot_bytes load_group(const uint8_t* p, uint32_t flip) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return spread((int32_t)(x ^ flip));
}
static inline dot_bytes load_group(const uint8_t* p, uint32_t flip, int64_t n) {
  uint32_t x = p[0];
  if (n > 1) x |= (uint32_t)p[1] << 8;
  if (n > 2) x |= (uint32_t)p[2] << 16;
  return spread((int32_t)(x ^ flip));
}

}  // namespace edgert::EDGERT_TIER
