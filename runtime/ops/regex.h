// regex_match: the program of an automaton.
#pragma once

#include "ops/common.h"

namespace edgert {

enum class RegexKind : int32_t { kMatch, kCharacter, kSplit, kJump, kAssert };
enum class RegexAssertion : int32_t { kTextBegin, kTextEnd, kLineBegin, kLineEnd, kBoundary, kNoBoundary };
inline constexpr int64_t kMaxRegexInstructions = 1 << 16;

// code: (kind, a, b) for each instruction, checked to stay within the program; ranges: (low, high) pairs, of
// which those that an instruction takes rise.
struct RegexParams {
  int64_t count = 0;
  std::span<const int64_t> code, ranges;
};
Status parse_regex(const NodeArgs& args, RegexParams& regex);

}  // namespace edgert
