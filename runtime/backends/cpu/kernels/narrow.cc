#include "backends/cpu/kernels/narrow.h"

#include <bit>

#include "core/types.h"
#include "edgert.h"

namespace edgert::cpu {
namespace {

// What a format does with the codes at its ends.
enum class Ends {
  kInfinity,  // as IEEE 754: the greatest exponent holds infinity and NaN
  kNan,       // "fn": all bits set is NaN, no infinity
  kUnsigned,  // "fnuz": the code of -0 is NaN, no infinity
  kFinite     // numbers only: saturates
};

// A float of a sign, `Exponent` and `Mantissa` bits.
template <int Exponent, int Mantissa, int Bias, Ends End>
struct SmallFloat {
  static constexpr uint32_t kSign = 1u << (Exponent + Mantissa);
  static constexpr uint32_t kOnes = kSign - 1;
  static constexpr uint32_t kFractions = (1u << Mantissa) - 1;
  static constexpr uint32_t kGreatest = End == Ends::kInfinity ? kOnes - kFractions - 1
                                        : End == Ends::kNan    ? kOnes - 1
                                                               : kOnes;

  static float load(uint8_t code) {
    const uint32_t size = code & kOnes, sign = code & kSign ? 1u << 31 : 0;
    if (End == Ends::kUnsigned && (code & (kSign | kOnes)) == kSign) return std::bit_cast<float>(0x7fc00000);
    if (End != Ends::kUnsigned && size > kGreatest)
      return std::bit_cast<float>(
          sign | (End == Ends::kInfinity && size == kGreatest + 1 ? 0x7f800000 : 0x7fc00000));
    const uint32_t exponent = size >> Mantissa, fraction = size & kFractions;
    if (exponent == 0)
      return std::bit_cast<float>(
          sign | std::bit_cast<uint32_t>(static_cast<float>(fraction) *
                                         std::bit_cast<float>((128 - Bias - Mantissa) << 23)));
    return std::bit_cast<float>(sign | (exponent + 127 - Bias) << 23 | fraction << (23 - Mantissa));
  }

  static uint8_t store(float x) {
    const uint32_t bits = std::bit_cast<uint32_t>(x), size = bits & 0x7fffffff;
    const uint32_t sign = bits >> 31 ? kSign : 0, code = size > 0x7f800000 ? nan_code() : number(size);
    if (End == Ends::kFinite && size > 0x7f800000) return static_cast<uint8_t>(sign ^ kSign);
    if (End == Ends::kUnsigned && (code == 0 || code == kSign)) return static_cast<uint8_t>(code);
    return static_cast<uint8_t>(sign | code);
  }

 private:
  static constexpr uint32_t nan_code() {
    return End == Ends::kUnsigned ? kSign : End == Ends::kInfinity ? kOnes - kFractions / 2 : kOnes;
  }

  // The code of a float's magnitude, rounded to nearest even.
  static uint32_t number(uint32_t size) {
    constexpr uint32_t kShift = 23 - Mantissa, kRebias = (127u - Bias) << Mantissa;
    if (size < (128u - Bias) << 23) {
      // Below the least normal number all codes are multiples of one step: an addition rounds to it.
      constexpr uint32_t kStep = (128u - Bias + kShift) << 23;
      return std::bit_cast<uint32_t>(std::bit_cast<float>(size) + std::bit_cast<float>(kStep)) - kStep;
    }
    const uint32_t code = ((size + (1u << (kShift - 1)) - 1 + (size >> kShift & 1)) >> kShift) - kRebias;
    if (code <= kGreatest) return code;
    if (End == Ends::kFinite) return kGreatest;
    return End == Ends::kInfinity ? kGreatest + 1 : nan_code();
  }
};

using E4m3fn = SmallFloat<4, 3, 7, Ends::kNan>;
using E4m3fnuz = SmallFloat<4, 3, 8, Ends::kUnsigned>;
using E5m2 = SmallFloat<5, 2, 15, Ends::kInfinity>;
using E5m2fnuz = SmallFloat<5, 2, 16, Ends::kUnsigned>;
using E2m1 = SmallFloat<2, 1, 1, Ends::kFinite>;
using E2m3 = SmallFloat<2, 3, 1, Ends::kFinite>;
using E3m2 = SmallFloat<3, 2, 3, Ends::kFinite>;

// Powers of two from 2^-127; what is not above 0 is NaN. Halfway between two goes to the greater.
struct E8m0 {
  static float load(uint8_t code) {
    if (code == 255) return std::bit_cast<float>(0x7fc00000);
    return std::bit_cast<float>(code ? static_cast<uint32_t>(code) << 23 : 0x400000);
  }
  static uint8_t store(float x) {
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    if (!(x > 0) || bits >= 0x7f400000) return 255;
    if (bits < 0x800000) return bits > 0x400000;
    return static_cast<uint8_t>((bits + 0x400000) >> 23);
  }
};

template <class F>
void load_float(void* to, const void* from, int64_t stride, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    static_cast<float*>(to)[i] = F::load(static_cast<const uint8_t*>(from)[i * stride]);
}

template <class F>
void store_float(void* to, const void* from, int64_t n) {
  for (int64_t i = 0; i < n; i++) static_cast<uint8_t*>(to)[i] = F::store(static_cast<const float*>(from)[i]);
}

template <int Bits, bool Signed>
void load_int(void* to, const void* from, int64_t stride, int64_t n) {
  constexpr uint8_t kMask = (1u << Bits) - 1, kSign = Signed ? 1u << (Bits - 1) : 0;
  for (int64_t i = 0; i < n; i++) {
    const uint8_t bits = static_cast<const uint8_t*>(from)[i * stride] & kMask;
    static_cast<uint8_t*>(to)[i] = static_cast<uint8_t>((bits ^ kSign) - kSign);
  }
}

template <int Bits>
void store_int(void* to, const void* from, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    static_cast<uint8_t*>(to)[i] = static_cast<const uint8_t*>(from)[i] & ((1u << Bits) - 1);
}

}  // namespace

LoadFunction narrow_load_function(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F8E4M3FN: return built<EDGERT_F8E4M3FN> ? load_float<E4m3fn> : nullptr;
    case EDGERT_F8E4M3FNUZ: return built<EDGERT_F8E4M3FNUZ> ? load_float<E4m3fnuz> : nullptr;
    case EDGERT_F8E5M2: return built<EDGERT_F8E5M2> ? load_float<E5m2> : nullptr;
    case EDGERT_F8E5M2FNUZ: return built<EDGERT_F8E5M2FNUZ> ? load_float<E5m2fnuz> : nullptr;
    case EDGERT_F8E8M0: return built<EDGERT_F8E8M0> ? load_float<E8m0> : nullptr;
    case EDGERT_F4E2M1: return built<EDGERT_F4E2M1> ? load_float<E2m1> : nullptr;
    case EDGERT_F6E2M3: return built<EDGERT_F6E2M3> ? load_float<E2m3> : nullptr;
    case EDGERT_F6E3M2: return built<EDGERT_F6E3M2> ? load_float<E3m2> : nullptr;
    case EDGERT_I4: return built<EDGERT_I4> ? load_int<4, true> : nullptr;
    case EDGERT_U4: return built<EDGERT_U4> ? load_int<4, false> : nullptr;
    case EDGERT_I2: return built<EDGERT_I2> ? load_int<2, true> : nullptr;
    case EDGERT_U2: return built<EDGERT_U2> ? load_int<2, false> : nullptr;
    default: return nullptr;
  }
}

StoreFunction narrow_store_function(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F8E4M3FN: return built<EDGERT_F8E4M3FN> ? store_float<E4m3fn> : nullptr;
    case EDGERT_F8E4M3FNUZ: return built<EDGERT_F8E4M3FNUZ> ? store_float<E4m3fnuz> : nullptr;
    case EDGERT_F8E5M2: return built<EDGERT_F8E5M2> ? store_float<E5m2> : nullptr;
    case EDGERT_F8E5M2FNUZ: return built<EDGERT_F8E5M2FNUZ> ? store_float<E5m2fnuz> : nullptr;
    case EDGERT_F8E8M0: return built<EDGERT_F8E8M0> ? store_float<E8m0> : nullptr;
    case EDGERT_F4E2M1: return built<EDGERT_F4E2M1> ? store_float<E2m1> : nullptr;
    case EDGERT_F6E2M3: return built<EDGERT_F6E2M3> ? store_float<E2m3> : nullptr;
    case EDGERT_F6E3M2: return built<EDGERT_F6E3M2> ? store_float<E3m2> : nullptr;
    case EDGERT_I4:
    case EDGERT_U4: return built<EDGERT_U4> ? store_int<4> : nullptr;
    case EDGERT_I2:
    case EDGERT_U2: return built<EDGERT_U2> ? store_int<2> : nullptr;
    default: return nullptr;
  }
}

}  // namespace edgert::cpu
