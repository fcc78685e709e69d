// Instructions of scalar programs over tiles of f32, and of the bytes that hold bools.
#pragma once

#include <stdint.h>

namespace edgert {

// What one instruction reads and writes: arrays of the registers' types (bool: bytes of 0 and 1), or null.
// `x` and `y` are the constants of the fused instructions.
struct TileStep {
  void* out;
  const void* a;
  const void* b;
  const void* c;
  float x, y;
};

// Over elements [0, n) rounded up to 16: every array has room for that.
using TileFunction = void (*)(const TileStep& step, int64_t n);

// Codes above those of the program's instructions: several of them joined, and constants as arguments.
enum FusedCode : uint8_t {
  kAddConstant = 100,  // a + x
  kMultiplyConstant,   // a * x
  kClamp,              // min(max(a, x), y), NaN stays
  kSilu,               // a * sigmoid(a)
  kHardSwish,          // a * clamp(a * x + y, 0, 1)
  kMultiplyAdd,        // a * b + c, each rounded
  kLeaky,              // a < 0 ? a * x : a
  kLeakyBy,            // a < 0 ? a * b : a
  kFusedEnd,
};

struct MapMicro {
  TileFunction functions[kFusedEnd];  // by instruction code; null: not of f32, or left to the generic code
};

}  // namespace edgert
