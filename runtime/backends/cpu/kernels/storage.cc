#include "backends/cpu/kernels/storage.h"

#include <bit>
#include <cstring>

#include "backends/cpu/kernels/narrow.h"
#include "core/types.h"
#include "edgert.h"

namespace edgert::cpu {
namespace {

template <class T>
void load_same(void* to, const void* from, int64_t stride, int64_t n) {
  auto* out = static_cast<T*>(to);
  auto* in = static_cast<const T*>(from);
  if (stride == 1) {
    std::memcpy(out, in, static_cast<size_t>(n) * sizeof(T));
  } else if (stride == 0) {
    for (int64_t i = 0; i < n; i++) out[i] = *in;
  } else {
    for (int64_t i = 0; i < n; i++) out[i] = in[i * stride];
  }
}

template <class T>
void store_same(void* to, const void* from, int64_t n) {
  std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
}

template <float (*Convert)(uint16_t)>
void load_half(void* to, const void* from, int64_t stride, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    static_cast<float*>(to)[i] = Convert(static_cast<const uint16_t*>(from)[i * stride]);
}

template <uint16_t (*Convert)(float)>
void store_half(void* to, const void* from, int64_t n) {
  for (int64_t i = 0; i < n; i++) static_cast<uint16_t*>(to)[i] = Convert(static_cast<const float*>(from)[i]);
}

}  // namespace

float f16_to_f32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31, mantissa = half & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(mantissa) * 0x1p-24f));
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t f32_to_f16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), size = bits & 0x7fffffff;
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x477ff000) return sign | 0x7c00;  // 65520 and more
  // Below 2^-14 the result is a multiple of 2^-24: adding 0.5 leaves exactly those bits, rounded.
  if (size < 0x38800000)
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(std::bit_cast<float>(size) + 0.5f) -
                                        std::bit_cast<uint32_t>(0.5f));
  const uint32_t rounded = size + 0xfff + (size >> 13 & 1);
  return sign | static_cast<uint16_t>((rounded - (112u << 23)) >> 13);
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t f32_to_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (x != x) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

LoadFunction load_function(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F32:
    case EDGERT_I32:
    case EDGERT_U32: return load_same<uint32_t>;
    case EDGERT_F64:
    case EDGERT_I64:
    case EDGERT_U64: return load_same<uint64_t>;
    case EDGERT_I16:
    case EDGERT_U16: return load_same<uint16_t>;
    case EDGERT_I8:
    case EDGERT_U8:
    case EDGERT_BOOL: return load_same<uint8_t>;
    case EDGERT_F16: return built<EDGERT_F16> ? load_half<f16_to_f32> : nullptr;
    case EDGERT_BF16: return built<EDGERT_BF16> ? load_half<bf16_to_f32> : nullptr;
    default: return narrow_load_function(dtype);
  }
}

StoreFunction store_function(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F32:
    case EDGERT_I32:
    case EDGERT_U32: return store_same<uint32_t>;
    case EDGERT_F64:
    case EDGERT_I64:
    case EDGERT_U64: return store_same<uint64_t>;
    case EDGERT_I16:
    case EDGERT_U16: return store_same<uint16_t>;
    case EDGERT_I8:
    case EDGERT_U8:
    case EDGERT_BOOL: return store_same<uint8_t>;
    case EDGERT_F16: return built<EDGERT_F16> ? store_half<f32_to_f16> : nullptr;
    case EDGERT_BF16: return built<EDGERT_BF16> ? store_half<f32_to_bf16> : nullptr;
    default: return narrow_store_function(dtype);
  }
}

}  // namespace edgert::cpu
