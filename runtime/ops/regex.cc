#include "ops/regex.h"

#include <vector>

namespace edgert {
namespace {

// For each range, and for the end, how far the ranges from there on rise.
std::vector<int64_t> rising_ends(std::span<const int64_t> ranges) {
  const size_t count = ranges.size() / 2;
  std::vector<int64_t> ends(count + 1, static_cast<int64_t>(count));
  for (size_t i = count; i-- > 1;)
    ends[i - 1] = ranges[2 * i - 1] < ranges[2 * i] ? ends[i] : static_cast<int64_t>(i);
  return ends;
}

bool is_fine(std::span<const int64_t> instruction, int64_t at, int64_t count,
             std::span<const int64_t> rising) {
  const int64_t a = instruction[1], b = instruction[2];
  const auto within = [&](int64_t target) { return target >= 0 && target < count; };
  if (instruction[0] < 0 || instruction[0] > static_cast<int64_t>(RegexKind::kAssert)) return false;
  switch (static_cast<RegexKind>(instruction[0])) {
    case RegexKind::kMatch: return true;
    case RegexKind::kCharacter:
      return a >= 0 && a <= b && static_cast<size_t>(b) < rising.size() &&
             b <= rising[static_cast<size_t>(a)] && at + 1 < count;
    case RegexKind::kSplit: return within(a) && within(b);
    case RegexKind::kJump: return within(a);
    case RegexKind::kAssert:
      return a >= 0 && a <= static_cast<int64_t>(RegexAssertion::kNoBoundary) && at + 1 < count;
  }
  return false;
}

}  // namespace

Status parse_regex(const NodeArgs& args, RegexParams& regex) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_dtype(args, x, "x", EDGERT_STRING));
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_BOOL));
  EDGERT_TRY(expect_shape(args, out, "the result", shape_of(x)));
  regex.count = size_of(shape_of(x));
  regex.code = args.node.ints("code");
  regex.ranges = args.node.ints("ranges");
  const auto count = static_cast<int64_t>(regex.code.size() / 3);
  if (regex.code.size() % 3 || count == 0 || count > kMaxRegexInstructions || regex.ranges.size() % 2)
    return invalid("%zu numbers and %zu bounds are no program", regex.code.size(), regex.ranges.size());
  const std::vector<int64_t> rising = rising_ends(regex.ranges);
  for (int64_t i = 0; i < count; i++)
    if (!is_fine(regex.code.subspan(static_cast<size_t>(i) * 3, 3), i, count, rising))
      return invalid("instruction %lld of the program leads out of it or is none", static_cast<long long>(i));
  return {};
}

}  // namespace edgert
