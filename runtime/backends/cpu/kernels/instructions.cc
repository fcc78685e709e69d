#include "backends/cpu/kernels/instructions.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "core/types.h"
#include "edgert.h"

namespace edgert::cpu {
namespace {

// Bools are bytes of 0 and 1, a type of their own.
struct Bool {
  uint8_t value;
};

template <class T>
using Unsigned = std::make_unsigned_t<T>;
template <class T>
constexpr bool is_float = std::is_floating_point_v<T>;
template <class T>
constexpr bool is_integer = std::is_integral_v<T>;

template <class T, class R, R (*F)(T)>
void unary(const TileStep& s, int64_t n) {
  for (int64_t i = 0; i < n; i++) static_cast<R*>(s.out)[i] = F(static_cast<const T*>(s.a)[i]);
}

template <class T, class R, R (*F)(T, T)>
void binary(const TileStep& s, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    static_cast<R*>(s.out)[i] = F(static_cast<const T*>(s.a)[i], static_cast<const T*>(s.b)[i]);
}

template <class T>
void choose(const TileStep& s, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    static_cast<T*>(s.out)[i] = static_cast<const Bool*>(s.a)[i].value ? static_cast<const T*>(s.b)[i]
                                                                       : static_cast<const T*>(s.c)[i];
}

// ---- floats and integers alike ----

template <class T>
T negative(T x) {
  if constexpr (is_integer<T>) return static_cast<T>(Unsigned<T>{0} - static_cast<Unsigned<T>>(x));
  else return -x;
}
template <class T>
T absolute(T x) {
  if constexpr (is_float<T>) return std::fabs(x);
  else return x < 0 ? negative(x) : x;
}
template <class T>
T sign(T x) {
  if constexpr (is_float<T>)
    if (x != x) return x;
  return static_cast<T>((x > 0) - (x < 0));
}
template <class T>
T add(T a, T b) {
  if constexpr (is_integer<T>)
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  else return a + b;
}
template <class T>
T subtract(T a, T b) {
  if constexpr (is_integer<T>)
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
  else return a - b;
}
// Through 64 bits: u16 * u16 would overflow int.
template <class T>
T multiply(T a, T b) {
  if constexpr (is_integer<T>) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else return a * b;
}
template <class T>
T divide(T a, T b) {
  if constexpr (is_integer<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return negative(a);
    return static_cast<T>(a / b);
  } else {
    return a / b;
  }
}
template <class T>
T dividend_remainder(T a, T b) {
  if constexpr (is_float<T>) {
    return std::fmod(a, b);
  } else {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return 0;
    return static_cast<T>(a % b);
  }
}
template <class T>
T divisor_remainder(T a, T b) {
  const T r = dividend_remainder(a, b);
  if constexpr (is_float<T>) {
    if (r == 0) return std::copysign(r, b);
    return (r < 0) != (b < 0) ? r + b : r;
  } else if constexpr (std::is_signed_v<T>) {
    return r != 0 && (r < 0) != (b < 0) ? add(r, b) : r;
  } else {
    return r;
  }
}
template <class T>
T power(T base, T exponent) {
  if constexpr (is_float<T>) {
    return std::pow(base, exponent);
  } else {
    if constexpr (std::is_signed_v<T>)
      if (exponent < 0) return base == 1 ? T{1} : base == -1 ? static_cast<T>(exponent & 1 ? -1 : 1) : T{0};
    T y = 1;
    for (uint64_t e = static_cast<uint64_t>(exponent); e; e >>= 1) {
      if (e & 1) y = multiply(y, base);
      base = multiply(base, base);
    }
    return y;
  }
}
template <class T>
T minimum(T a, T b) {
  if constexpr (is_float<T>)
    if (a != a) return a;
  return a < b ? a : b;
}
template <class T>
T maximum(T a, T b) {
  if constexpr (is_float<T>)
    if (a != a) return a;
  return a > b ? a : b;
}
template <class T>
Bool equal(T a, T b) {
  return {a == b};
}
template <class T>
Bool not_equal(T a, T b) {
  return {a != b};
}
template <class T>
Bool less(T a, T b) {
  return {a < b};
}
template <class T>
Bool less_equal(T a, T b) {
  return {a <= b};
}
template <class T>
Bool greater(T a, T b) {
  return {a > b};
}
template <class T>
Bool greater_equal(T a, T b) {
  return {a >= b};
}
template <class T>
Bool is_nan(T x) {
  return {x != x};
}
template <class T>
Bool is_infinite(T x) {
  if constexpr (is_float<T>) return {std::isinf(x)};
  else return {false};
}

// ---- integers ----

template <class T>
T same(T x) {
  return x;
}
template <class T>
T bit_not(T x) {
  return static_cast<T>(~x);
}
template <class T>
T bit_and(T a, T b) {
  return static_cast<T>(a & b);
}
template <class T>
T bit_or(T a, T b) {
  return static_cast<T>(a | b);
}
template <class T>
T bit_xor(T a, T b) {
  return static_cast<T>(a ^ b);
}
template <class T>
T shift_left(T a, T b) {
  const bool inside = b >= T{0} && static_cast<uint64_t>(b) < sizeof(T) * 8;
  return inside ? static_cast<T>(static_cast<uint64_t>(a) << b) : T{0};
}
template <class T>
T shift_right(T a, T b) {
  const bool inside = b >= T{0} && static_cast<uint64_t>(b) < sizeof(T) * 8;
  return inside ? static_cast<T>(a >> b) : a < T{0} ? static_cast<T>(-1) : T{0};
}

// ---- floats ----

template <class T>
T reciprocal(T x) {
  return 1 / x;
}
template <class T>
T sigmoid(T x) {
  const T e = std::exp(-std::fabs(x));
  return (x < 0 ? e : T{1}) / (1 + e);
}
#define EDGERT_FLOAT_FUNCTION(name, call) \
  template <class T>                      \
  T name##_of(T x) {                      \
    return std::call(x);                  \
  }
EDGERT_FLOAT_FUNCTION(ceil, ceil)
EDGERT_FLOAT_FUNCTION(floor, floor)
EDGERT_FLOAT_FUNCTION(round, nearbyint)
EDGERT_FLOAT_FUNCTION(trunc, trunc)
EDGERT_FLOAT_FUNCTION(sqrt, sqrt)
EDGERT_FLOAT_FUNCTION(exp, exp)
EDGERT_FLOAT_FUNCTION(log, log)
EDGERT_FLOAT_FUNCTION(expm1, expm1)
EDGERT_FLOAT_FUNCTION(log1p, log1p)
EDGERT_FLOAT_FUNCTION(sin, sin)
EDGERT_FLOAT_FUNCTION(cos, cos)
EDGERT_FLOAT_FUNCTION(tan, tan)
EDGERT_FLOAT_FUNCTION(asin, asin)
EDGERT_FLOAT_FUNCTION(acos, acos)
EDGERT_FLOAT_FUNCTION(atan, atan)
EDGERT_FLOAT_FUNCTION(sinh, sinh)
EDGERT_FLOAT_FUNCTION(cosh, cosh)
EDGERT_FLOAT_FUNCTION(tanh, tanh)
EDGERT_FLOAT_FUNCTION(asinh, asinh)
EDGERT_FLOAT_FUNCTION(acosh, acosh)
EDGERT_FLOAT_FUNCTION(atanh, atanh)
EDGERT_FLOAT_FUNCTION(erf, erf)
#undef EDGERT_FLOAT_FUNCTION

template <class T>
TileFunction float_instruction(int code) {
  switch (code) {
    case 5: return unary<T, T, ceil_of<T>>;
    case 6: return unary<T, T, floor_of<T>>;
    case 7: return unary<T, T, round_of<T>>;
    case 8: return unary<T, T, trunc_of<T>>;
    case 9: return unary<T, T, sqrt_of<T>>;
    case 10: return unary<T, T, reciprocal<T>>;
    case 11: return unary<T, T, exp_of<T>>;
    case 12: return unary<T, T, log_of<T>>;
    case 13: return unary<T, T, expm1_of<T>>;
    case 14: return unary<T, T, log1p_of<T>>;
    case 15: return unary<T, T, sin_of<T>>;
    case 16: return unary<T, T, cos_of<T>>;
    case 17: return unary<T, T, tan_of<T>>;
    case 18: return unary<T, T, asin_of<T>>;
    case 19: return unary<T, T, acos_of<T>>;
    case 20: return unary<T, T, atan_of<T>>;
    case 21: return unary<T, T, sinh_of<T>>;
    case 22: return unary<T, T, cosh_of<T>>;
    case 23: return unary<T, T, tanh_of<T>>;
    case 24: return unary<T, T, asinh_of<T>>;
    case 25: return unary<T, T, acosh_of<T>>;
    case 26: return unary<T, T, atanh_of<T>>;
    case 27: return unary<T, T, erf_of<T>>;
    case 28: return unary<T, T, sigmoid<T>>;
    default: return nullptr;
  }
}

template <class T>
TileFunction integer_instruction(int code) {
  switch (code) {
    case 5:
    case 6:
    case 7:
    case 8: return unary<T, T, same<T>>;
    case 30: return unary<T, T, bit_not<T>>;
    case 58: return binary<T, T, bit_and<T>>;
    case 59: return binary<T, T, bit_or<T>>;
    case 60: return binary<T, T, bit_xor<T>>;
    case 61: return binary<T, T, shift_left<T>>;
    case 62: return binary<T, T, shift_right<T>>;
    default: return nullptr;
  }
}

template <class T>
TileFunction number_instruction(int code) {
  switch (code) {
    case 2: return unary<T, T, negative<T>>;
    case 3: return unary<T, T, absolute<T>>;
    case 4: return unary<T, T, sign<T>>;
    case 31: return unary<T, Bool, is_nan<T>>;
    case 32: return unary<T, Bool, is_infinite<T>>;
    case 40: return binary<T, T, add<T>>;
    case 41: return binary<T, T, subtract<T>>;
    case 42: return binary<T, T, multiply<T>>;
    case 43: return binary<T, T, divide<T>>;
    case 44: return binary<T, T, divisor_remainder<T>>;
    case 45: return binary<T, T, dividend_remainder<T>>;
    case 46: return binary<T, T, power<T>>;
    case 47: return binary<T, T, minimum<T>>;
    case 48: return binary<T, T, maximum<T>>;
    case 49: return binary<T, Bool, equal<T>>;
    case 50: return binary<T, Bool, not_equal<T>>;
    case 51: return binary<T, Bool, less<T>>;
    case 52: return binary<T, Bool, less_equal<T>>;
    case 53: return binary<T, Bool, greater<T>>;
    case 54: return binary<T, Bool, greater_equal<T>>;
    case 70: return choose<T>;
    default: break;
  }
  if constexpr (is_float<T>) return float_instruction<T>(code);
  else return integer_instruction<T>(code);
}

Bool bool_not(Bool x) { return {!x.value}; }
Bool bool_and(Bool a, Bool b) { return {a.value && b.value}; }
Bool bool_or(Bool a, Bool b) { return {a.value || b.value}; }
template <Bool (*F)(uint8_t, uint8_t)>
Bool on_values(Bool a, Bool b) {
  return F(a.value, b.value);
}

TileFunction bool_instruction(int code) {
  switch (code) {
    case 29:
    case 30: return unary<Bool, Bool, bool_not>;
    case 42:
    case 47:
    case 55:
    case 58: return binary<Bool, Bool, bool_and>;
    case 40:
    case 48:
    case 56:
    case 59: return binary<Bool, Bool, bool_or>;
    case 50:
    case 57:
    case 60: return binary<Bool, Bool, on_values<not_equal<uint8_t>>>;
    case 49: return binary<Bool, Bool, on_values<equal<uint8_t>>>;
    case 51: return binary<Bool, Bool, on_values<less<uint8_t>>>;
    case 52: return binary<Bool, Bool, on_values<less_equal<uint8_t>>>;
    case 53: return binary<Bool, Bool, on_values<greater<uint8_t>>>;
    case 54: return binary<Bool, Bool, on_values<greater_equal<uint8_t>>>;
    case 70: return choose<Bool>;
    default: return nullptr;
  }
}

// ---- cast ----

template <class From, class To>
To convert(From x) {
  if constexpr (std::is_same_v<From, Bool> && std::is_same_v<To, Bool>) {
    return x;
  } else if constexpr (std::is_same_v<From, Bool>) {
    return static_cast<To>(x.value);
  } else if constexpr (std::is_same_v<To, Bool>) {
    return {x != 0};
  } else if constexpr (is_float<From> && is_integer<To>) {
    if (x != x) return 0;
    // 2^digits is a float, the largest To need not be.
    const From above = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    const From below = std::is_signed_v<To> ? -above : From{0};
    if (x >= above) return std::numeric_limits<To>::max();
    if (x <= below) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <class From>
TileFunction cast_from(int32_t to) {
  switch (to) {
    case EDGERT_F32: return built<EDGERT_F32> ? unary<From, float, convert<From, float>> : nullptr;
    case EDGERT_F64: return built<EDGERT_F64> ? unary<From, double, convert<From, double>> : nullptr;
    case EDGERT_I8: return built<EDGERT_I8> ? unary<From, int8_t, convert<From, int8_t>> : nullptr;
    case EDGERT_I16: return built<EDGERT_I16> ? unary<From, int16_t, convert<From, int16_t>> : nullptr;
    case EDGERT_I32: return built<EDGERT_I32> ? unary<From, int32_t, convert<From, int32_t>> : nullptr;
    case EDGERT_I64: return built<EDGERT_I64> ? unary<From, int64_t, convert<From, int64_t>> : nullptr;
    case EDGERT_U8: return built<EDGERT_U8> ? unary<From, uint8_t, convert<From, uint8_t>> : nullptr;
    case EDGERT_U16: return built<EDGERT_U16> ? unary<From, uint16_t, convert<From, uint16_t>> : nullptr;
    case EDGERT_U32: return built<EDGERT_U32> ? unary<From, uint32_t, convert<From, uint32_t>> : nullptr;
    case EDGERT_U64: return built<EDGERT_U64> ? unary<From, uint64_t, convert<From, uint64_t>> : nullptr;
    case EDGERT_BOOL: return built<EDGERT_BOOL> ? unary<From, Bool, convert<From, Bool>> : nullptr;
    default: return nullptr;
  }
}

template <class T>
TileFunction of_type(int code, int32_t result) {
  return code == 1 ? cast_from<T>(result) : number_instruction<T>(code);
}

}  // namespace

TileFunction instruction(int code, int32_t argument, int32_t result) {
  switch (argument) {
    case EDGERT_F32: return built<EDGERT_F32> ? of_type<float>(code, result) : nullptr;
    case EDGERT_F64: return built<EDGERT_F64> ? of_type<double>(code, result) : nullptr;
    case EDGERT_I8: return built<EDGERT_I8> ? of_type<int8_t>(code, result) : nullptr;
    case EDGERT_I16: return built<EDGERT_I16> ? of_type<int16_t>(code, result) : nullptr;
    case EDGERT_I32: return built<EDGERT_I32> ? of_type<int32_t>(code, result) : nullptr;
    case EDGERT_I64: return built<EDGERT_I64> ? of_type<int64_t>(code, result) : nullptr;
    case EDGERT_U8: return built<EDGERT_U8> ? of_type<uint8_t>(code, result) : nullptr;
    case EDGERT_U16: return built<EDGERT_U16> ? of_type<uint16_t>(code, result) : nullptr;
    case EDGERT_U32: return built<EDGERT_U32> ? of_type<uint32_t>(code, result) : nullptr;
    case EDGERT_U64: return built<EDGERT_U64> ? of_type<uint64_t>(code, result) : nullptr;
    case EDGERT_BOOL:
      return !built<EDGERT_BOOL> ? nullptr : code == 1 ? cast_from<Bool>(result) : bool_instruction(code);
    default: return nullptr;
  }
}

}  // namespace edgert::cpu
