// regex_match: all states of the automaton at once (Thompson 1968), so that no text takes long.
#include "ops/regex.h"

#include <algorithm>

#include "backends/cpu/kernels/heap.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/utf8.h"

namespace edgert {
namespace cpu {
namespace {

struct RegexInstruction {
  RegexKind kind;
  int32_t a, b;
};
struct PointRange {
  int64_t low, high;
};

struct RegexState {
  int64_t count;  // of strings
  int32_t instructions;
  RegexInstruction* code;
  PointRange* ranges;
  int64_t words;  // of scratch for each thread
};

Status plan_regex(const NodeArgs& args, edgert_plan& plan) {
  RegexState* state = new_state<RegexState>(&plan);
  if (!state) return no_memory();
  RegexParams params;
  EDGERT_TRY(parse_regex(args, params));
  const size_t count = params.code.size() / 3, spans = params.ranges.size() / 2;
  state->count = params.count;
  state->instructions = static_cast<int32_t>(count);
  state->code = allocate<RegexInstruction>(plan, count);
  state->ranges = allocate<PointRange>(plan, spans);
  if (!state->code || !state->ranges) return no_memory();
  for (size_t i = 0; i < count; i++)
    state->code[i] = {static_cast<RegexKind>(params.code[3 * i]),
                      static_cast<int32_t>(params.code[3 * i + 1]),
                      static_cast<int32_t>(params.code[3 * i + 2])};
  for (size_t i = 0; i < spans; i++) state->ranges[i] = {params.ranges[2 * i], params.ranges[2 * i + 1]};
  state->words = 3 * static_cast<int64_t>(count) + 1;
  plan.scratch_bytes =
      static_cast<uint64_t>(state->words) * 4 * static_cast<uint64_t>(std::max(plan.threads, 1));
  return {};
}

// A place in a text: what stands before and after it; kNone at the ends.
constexpr uint32_t kNone = ~0u;
struct Place {
  uint32_t before, after;
};

bool is_word(uint32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool holds(int32_t assertion, Place place) {
  switch (static_cast<RegexAssertion>(assertion)) {
    case RegexAssertion::kTextBegin: return place.before == kNone;
    case RegexAssertion::kTextEnd: return place.after == kNone;
    case RegexAssertion::kLineBegin: return place.before == kNone || place.before == '\n';
    case RegexAssertion::kLineEnd: return place.after == kNone || place.after == '\n';
    case RegexAssertion::kBoundary: return is_word(place.before) != is_word(place.after);
    case RegexAssertion::kNoBoundary: return is_word(place.before) == is_word(place.after);
  }
  return false;
}

// The instructions at work in one text. Each is in `list` once for each place.
class Machine {
 public:
  Machine(const RegexState& state, uint32_t* scratch)
      : state_(state),
        list_(scratch),
        next_(scratch + state.instructions),
        seen_(next_ + state.instructions) {
    std::fill_n(seen_, state.instructions, 0u);
  }

  bool matches(std::string_view text) {
    const char *at = text.data(), *end = at + text.size();
    Place place = {kNone, at == end ? kNone : next_point(at, end)};
    int32_t count = start(place);
    while (place.after != kNone && count) {
      const uint32_t point = place.after;
      place = {point, at == end ? kNone : next_point(at, end)};
      count = step(count, point, place);
    }
    return place.after == kNone && std::any_of(list_, list_ + count, [&](uint32_t pc) {
             return state_.code[pc].kind == RegexKind::kMatch;
           });
  }

 private:
  int32_t start(Place place) {
    round_++;
    seen_[0] = round_;
    list_[0] = 0;
    return follow(list_, 1, place);
  }

  // The next list: what the characters of this one lead to.
  int32_t step(int32_t count, uint32_t point, Place place) {
    round_++;
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) {
      const RegexInstruction& instruction = state_.code[list_[i]];
      if (instruction.kind == RegexKind::kCharacter && takes(instruction, point))
        add(next_, found, list_[i] + 1);
    }
    found = follow(next_, found, place);
    std::swap(list_, next_);
    return found;
  }

  // Adds what follows from a list's entries without a character: the list is its own queue.
  int32_t follow(uint32_t* list, int32_t count, Place place) {
    for (int32_t i = 0; i < count; i++) {
      const RegexInstruction& instruction = state_.code[list[i]];
      if (instruction.kind == RegexKind::kSplit || instruction.kind == RegexKind::kJump)
        add(list, count, static_cast<uint32_t>(instruction.a));
      if (instruction.kind == RegexKind::kSplit) add(list, count, static_cast<uint32_t>(instruction.b));
      if (instruction.kind == RegexKind::kAssert && holds(instruction.a, place))
        add(list, count, list[i] + 1);
    }
    return count;
  }

  void add(uint32_t* list, int32_t& count, uint32_t pc) {
    if (seen_[pc] == round_) return;
    seen_[pc] = round_;
    list[count++] = pc;
  }

  bool takes(const RegexInstruction& instruction, uint32_t point) const {
    const PointRange *first = state_.ranges + instruction.a, *last = state_.ranges + instruction.b;
    const PointRange* range = std::lower_bound(first, last, int64_t{point},
                                               [](const PointRange& r, int64_t p) { return r.high < p; });
    return range != last && range->low <= point;
  }

  const RegexState& state_;
  uint32_t *list_, *next_, *seen_;
  uint32_t round_ = 0;
};

Status run_regex(const RegexState& state, const edgert_call& call) {
  const auto* x = static_cast<const edgert_string*>(call.inputs[0]);
  auto* out = static_cast<uint8_t*>(call.outputs[0]);
  int64_t bytes = 0;
  for (int64_t i = 0; i < state.count; i++)
    bytes += static_cast<int64_t>(std::min<uint64_t>(x[i].bytes, 1u << 20));
  const int64_t count = std::min(pieces(bytes * 10, call.threads), state.count);
  parallel(call, count, [&](int64_t piece, int32_t worker) {
    const int64_t end = piece_begin(state.count, piece + 1, count);
    for (int64_t i = piece_begin(state.count, piece, count); i < end; i++) {
      Machine machine(state, static_cast<uint32_t*>(call.scratch) + worker * state.words);
      out[i] = machine.matches(view(x[i]));
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel regex_match_kernel = make_kernel<RegexState, plan_regex, run_regex>("regex_match");

}  // namespace edgert
