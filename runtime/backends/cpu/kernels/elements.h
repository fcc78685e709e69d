// Element types as kernels written once for all of them see them: how an element lies in memory, and the
// type arithmetic is done in (f32 for the 16-bit floats).
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include "backends/cpu/kernels/storage.h"
#include "core/types.h"
#include "edgert.h"

namespace edgert::cpu {

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
  static float load(uint16_t x) { return f16_to_f32(x); }
  static uint16_t store(float x) { return f32_to_f16(x); }
};
struct Bfloat {
  using Stored = uint16_t;
  using Value = float;
  static float load(uint16_t x) { return bf16_to_f32(x); }
  static uint16_t store(float x) { return f32_to_bf16(x); }
};
struct Bool {
  using Stored = uint8_t;
  using Value = uint8_t;
  static uint8_t load(uint8_t x) { return x != 0; }
  static uint8_t store(uint8_t x) { return x != 0; }
};

// Complex numbers: a sum, a product, an order (by the real part, then the imaginary one) and nothing more.
template <class T>
struct ComplexNumber {
  T real, imaginary;
  friend bool operator==(ComplexNumber a, ComplexNumber b) {
    return a.real == b.real && a.imaginary == b.imaginary;
  }
  friend bool operator!=(ComplexNumber a, ComplexNumber b) { return !(a == b); }
  friend bool operator<(ComplexNumber a, ComplexNumber b) {
    return a.real < b.real || (a.real == b.real && a.imaginary < b.imaginary);
  }
  friend bool operator>(ComplexNumber a, ComplexNumber b) { return b < a; }
  friend ComplexNumber operator+(ComplexNumber a, ComplexNumber b) {
    return {a.real + b.real, a.imaginary + b.imaginary};
  }
  friend ComplexNumber operator*(ComplexNumber a, ComplexNumber b) {
    return {a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real};
  }
};

// Text, ordered by its bytes; without data where it is empty.
struct Text {
  edgert_string value;
  std::string_view view() const { return {value.data, static_cast<size_t>(value.bytes)}; }
  friend bool operator==(Text a, Text b) { return a.view() == b.view(); }
  friend bool operator!=(Text a, Text b) { return !(a == b); }
  friend bool operator<(Text a, Text b) { return a.view() < b.view(); }
  friend bool operator>(Text a, Text b) { return b < a; }
};

// f(Plain<float>{}) and so on for the storage of `dtype`; false for other types (`is_number`), and for those
// that were left out of the build.
template <class F>
bool with_storage(int32_t dtype, F&& f) {
  switch (dtype) {
    case EDGERT_F32: return built<EDGERT_F32> && (f(Plain<float>{}), true);
    case EDGERT_F64: return built<EDGERT_F64> && (f(Plain<double>{}), true);
    case EDGERT_F16: return built<EDGERT_F16> && (f(Half{}), true);
    case EDGERT_BF16: return built<EDGERT_BF16> && (f(Bfloat{}), true);
    case EDGERT_I8: return built<EDGERT_I8> && (f(Plain<int8_t>{}), true);
    case EDGERT_I16: return built<EDGERT_I16> && (f(Plain<int16_t>{}), true);
    case EDGERT_I32: return built<EDGERT_I32> && (f(Plain<int32_t>{}), true);
    case EDGERT_I64: return built<EDGERT_I64> && (f(Plain<int64_t>{}), true);
    case EDGERT_U8: return built<EDGERT_U8> && (f(Plain<uint8_t>{}), true);
    case EDGERT_U16: return built<EDGERT_U16> && (f(Plain<uint16_t>{}), true);
    case EDGERT_U32: return built<EDGERT_U32> && (f(Plain<uint32_t>{}), true);
    case EDGERT_U64: return built<EDGERT_U64> && (f(Plain<uint64_t>{}), true);
    case EDGERT_BOOL: return built<EDGERT_BOOL> && (f(Bool{}), true);
    default: return false;
  }
}

// The same, also for complex numbers.
template <class F>
bool with_number(int32_t dtype, F&& f) {
  if (built<EDGERT_C64> && dtype == EDGERT_C64) return f(Plain<ComplexNumber<float>>{}), true;
  if (built<EDGERT_C128> && dtype == EDGERT_C128) return f(Plain<ComplexNumber<double>>{}), true;
  return with_storage(dtype, f);
}

// The same, also for strings: all that can be compared.
template <class F>
bool with_comparable(int32_t dtype, F&& f) {
  if (built<EDGERT_STRING> && dtype == EDGERT_STRING) return f(Plain<Text>{}), true;
  return with_number(dtype, f);
}

// The same for the four float types.
template <class F>
bool with_float(int32_t dtype, F&& f) {
  switch (dtype) {
    case EDGERT_F32: return built<EDGERT_F32> && (f(Plain<float>{}), true);
    case EDGERT_F64: return built<EDGERT_F64> && (f(Plain<double>{}), true);
    case EDGERT_F16: return built<EDGERT_F16> && (f(Half{}), true);
    case EDGERT_BF16: return built<EDGERT_BF16> && (f(Bfloat{}), true);
    default: return false;
  }
}

inline bool is_float(int32_t dtype) { return dtype >= EDGERT_F32 && dtype <= EDGERT_BF16; }
inline bool is_number(int32_t dtype) { return dtype >= EDGERT_F32 && dtype <= EDGERT_BOOL; }
inline bool is_complex(int32_t dtype) { return dtype == EDGERT_C64 || dtype == EDGERT_C128; }
inline bool is_comparable(int32_t dtype) {
  return is_number(dtype) || is_complex(dtype) || dtype == EDGERT_STRING;
}

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
