// Instructions of scalar programs over tiles of f32, and of the bytes that hold bools.
#pragma once

#include <stdint.h>

namespace edgert {

// What one instruction reads and writes: arrays of the registers' types (bool: bytes of 0 and 1), or null.
// `k` are the constants of the fused instructions.
struct TileStep {
  void* out;
  const void* a;
  const void* b;
  const void* c;
  const float* k;
};

// Over elements [0, n) rounded up to 16: every array has room for that.
using TileFunction = void (*)(const TileStep& step, int64_t n);

// Instruction codes of edgec/ops/program.py that are looked for.
enum Code : int {
  kConst = 0,
  kCast = 1,
  kRound = 7,
  kExp = 11,
  kErf = 27,
  kSigmoid = 28,
  kAdd = 40,
  kSub = 41,
  kMul = 42,
  kDiv = 43,
  kMin = 47,
  kMax = 48,
  kLess = 51,
  kSelect = 70
};

// Codes above those of the program's instructions: several of them joined, and constants as arguments.
enum FusedCode : uint8_t {
  kAddConstant = 100,  // a + k0
  kMultiplyConstant,   // a * k0
  kClamp,              // min(max(a, k0), k1), NaN stays
  kSilu,               // a * sigmoid(a)
  kGate,               // a * min(max(a * k0 + k1, k2), k3) * k4 + k5, each rounded
  kGelu,               // a * (erf(a * k0) + 1) * k1, k0 > 0
  kMultiplyAdd,        // a * b + c, each rounded
  kLeaky,              // a < 0 ? a * k0 : a
  kLeakyBy,            // a < 0 ? a * b : a
  kScaledSum,          // a * k0 + b * k1, each rounded
  kFusedEnd,
};
constexpr int kTileConstants = 6;

// Whether this build has an instruction: EDGERT_INSTRUCTIONS lists the codes; all are if it is not given.
constexpr bool has_instruction(int code) {
#if defined(EDGERT_INSTRUCTIONS)
  constexpr int kCodes[] = {EDGERT_INSTRUCTIONS};
  for (int built : kCodes)
    if (built == code) return true;
  return false;
#else
  return code >= 0;
#endif
}
// Whether instructions of this build give a step.
constexpr bool has_step(int code) {
  switch (code) {
    case kAddConstant: return has_instruction(kAdd) || has_instruction(kSub);
    case kMultiplyConstant: return has_instruction(kMul) || has_instruction(kDiv);
    case kClamp: return has_instruction(kMin) || has_instruction(kMax);
    case kSilu: return has_instruction(kMul) && has_instruction(kSigmoid);
    case kGate: return has_instruction(kMul) && has_step(kClamp) && has_step(kAddConstant);
    case kGelu: return has_instruction(kMul) && has_instruction(kErf);
    case kMultiplyAdd: return has_instruction(kMul) && has_instruction(kAdd);
    case kLeaky: return has_instruction(kMax) || has_instruction(kSelect);
    case kLeakyBy: return has_instruction(kSelect);
    case kScaledSum: return has_step(kMultiplyConstant) && has_instruction(kAdd);
    default: return has_instruction(code);
  }
}

struct MapMicro {
  TileFunction functions[kFusedEnd];  // by instruction code; null: not of f32, or left to the generic code
  // Casts between f32 and bytes; to bytes: truncated, saturated, NaN is 0.
  TileFunction from_u8, from_i8, to_u8, to_i8;
};

}  // namespace edgert
