// Element types as kernels written once for all of them see them: how an element lies in memory, and the
// type arithmetic is done in (f32 for the 16-bit floats).
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "edgert.h"

namespace edgert::cpu {

inline uint32_t float_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float bits_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// IEEE 754 binary16, rounded to nearest even.
inline float half_to_float(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = (half >> 10) & 31u, fraction = half & 0x3ffu;
  if (exponent == 31) return bits_float(sign | 0x7f800000u | fraction << 13);
  if (exponent) return bits_float(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -small : small;
}
inline uint16_t float_to_half(float x) {
  const uint32_t bits = float_bits(x), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (size >> 13 & 0x3ffu));
  if (size >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to 65536 or more
  if (size < 0x38800000u) {  // below 2^-14: adding 0.5 aligns the fraction and rounds it
    const uint32_t rounded = float_bits(bits_float(size) + 0.5f) - 0x3f000000u;
    return static_cast<uint16_t>(sign | rounded);
  }
  const uint32_t rounded = size - 0x38000000u + 0xfffu + (size >> 13 & 1u);
  return static_cast<uint16_t>(sign | rounded >> 13);
}

// The upper half of an f32, rounded to nearest even.
inline float bfloat_to_float(uint16_t bfloat) { return bits_float(static_cast<uint32_t>(bfloat) << 16); }
inline uint16_t float_to_bfloat(float x) {
  const uint32_t bits = float_bits(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// A type that computes as it is stored.
template <class T>
struct Plain {
  using Stored = T;
  using Value = T;
  static T load(T x) { return x; }
  static T store(T x) { return x; }
};
struct Half {
  using Stored = uint16_t;
  using Value = float;
  static float load(uint16_t x) { return half_to_float(x); }
  static uint16_t store(float x) { return float_to_half(x); }
};
struct Bfloat {
  using Stored = uint16_t;
  using Value = float;
  static float load(uint16_t x) { return bfloat_to_float(x); }
  static uint16_t store(float x) { return float_to_bfloat(x); }
};
struct Bool {
  using Stored = uint8_t;
  using Value = uint8_t;
  static uint8_t load(uint8_t x) { return x != 0; }
  static uint8_t store(uint8_t x) { return x != 0; }
};

// f(Plain<float>{}) and so on for the storage of `dtype`; false for other types (`is_number`).
template <class F>
bool with_storage(int32_t dtype, F&& f) {
  switch (dtype) {
    case EDGERT_F32: return f(Plain<float>{}), true;
    case EDGERT_F64: return f(Plain<double>{}), true;
    case EDGERT_F16: return f(Half{}), true;
    case EDGERT_BF16: return f(Bfloat{}), true;
    case EDGERT_I8: return f(Plain<int8_t>{}), true;
    case EDGERT_I16: return f(Plain<int16_t>{}), true;
    case EDGERT_I32: return f(Plain<int32_t>{}), true;
    case EDGERT_I64: return f(Plain<int64_t>{}), true;
    case EDGERT_U8: return f(Plain<uint8_t>{}), true;
    case EDGERT_U16: return f(Plain<uint16_t>{}), true;
    case EDGERT_U32: return f(Plain<uint32_t>{}), true;
    case EDGERT_U64: return f(Plain<uint64_t>{}), true;
    case EDGERT_BOOL: return f(Bool{}), true;
    default: return false;
  }
}

// The same for the four float types.
template <class F>
bool with_float(int32_t dtype, F&& f) {
  switch (dtype) {
    case EDGERT_F32: return f(Plain<float>{}), true;
    case EDGERT_F64: return f(Plain<double>{}), true;
    case EDGERT_F16: return f(Half{}), true;
    case EDGERT_BF16: return f(Bfloat{}), true;
    default: return false;
  }
}

inline bool is_float(int32_t dtype) { return dtype >= EDGERT_F32 && dtype <= EDGERT_BF16; }
inline bool is_number(int32_t dtype) { return dtype >= EDGERT_F32 && dtype <= EDGERT_BOOL; }

// Integer arithmetic wraps; done in the unsigned type it is defined.
template <class T>
T wrapping_add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}
template <class T>
T wrapping_multiply(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return a * b;
  }
}
// The larger and the smaller; NaN where either is NaN.
template <class T>
T larger(T a, T b) {
  return a != a || a > b ? a : b;
}
template <class T>
T smaller(T a, T b) {
  return a != a || a < b ? a : b;
}
// What every value of T is at least, and at most.
template <class T>
constexpr T least() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  else return std::numeric_limits<T>::lowest();
}
template <class T>
constexpr T greatest() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::infinity();
  else return std::numeric_limits<T>::max();
}

}  // namespace edgert::cpu
