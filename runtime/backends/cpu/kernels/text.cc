// string_equal, string_concat, string_translate, string_split. The bytes of all strings that a call makes are
// one piece of the run's memory; parts of a string are views into it.
#include "ops/text.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "backends/cpu/kernels/heap.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/utf8.h"

namespace edgert {
namespace cpu {
namespace {

// ---- pairs ----

template <int32_t Result>
Status plan_pair(const NodeArgs& args, edgert_plan& plan) {
  TextPairParams* state = new_state<TextPairParams>(&plan);
  return state ? parse_text_pair(args, Result, *state) : no_memory();
}

// body(i, a, b) for the strings of every element of the result.
template <class Body>
void each_pair(const TextPairParams& p, const edgert_call& call, Body&& body) {
  for (int64_t i = 0; i < p.count; i++) {
    int64_t at[2] = {0, 0};
    for (int64_t axis = p.rank - 1, rest = i; axis >= 0; rest /= p.dims[axis--])
      for (int k = 0; k < 2; k++) at[k] += rest % p.dims[axis] * p.strides[k][axis];
    body(i, view(static_cast<const edgert_string*>(call.inputs[0])[at[0]]),
         view(static_cast<const edgert_string*>(call.inputs[1])[at[1]]));
  }
}

Status run_equal(const TextPairParams& p, const edgert_call& call) {
  auto* out = static_cast<uint8_t*>(call.outputs[0]);
  each_pair(p, call, [&](int64_t i, std::string_view a, std::string_view b) { out[i] = a == b; });
  return {};
}

// a + b, at most INT64_MAX.
int64_t add_up(int64_t a, uint64_t b) {
  int64_t sum;
  return b <= INT64_MAX && add(a, static_cast<int64_t>(b), sum) ? sum : INT64_MAX;
}

Status run_concat(const TextPairParams& p, const edgert_call& call) {
  int64_t total = 0;
  each_pair(p, call, [&](int64_t, std::string_view a, std::string_view b) {
    total = add_up(add_up(total, a.size()), b.size());
  });
  char* bytes;
  EDGERT_TRY(new_items(call, total, bytes));
  auto* out = static_cast<edgert_string*>(call.outputs[0]);
  each_pair(p, call, [&](int64_t i, std::string_view a, std::string_view b) {
    out[i] = {bytes, a.size() + b.size()};
    bytes = std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), bytes));
  });
  return {};
}

// ---- translation ----

Status plan_translate(const NodeArgs& args, edgert_plan& plan) {
  TranslateParams* state = new_state<TranslateParams>(&plan);
  return state ? parse_translate(args, *state) : no_memory();
}

uint32_t translated(const TranslateParams& p, const int32_t* table, uint32_t point) {
  int64_t low = 0, high = p.rows;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (static_cast<uint32_t>(table[2 * middle]) < point) low = middle + 1;
    else high = middle;
  }
  const bool found = low < p.rows && static_cast<uint32_t>(table[2 * low]) == point;
  return found ? static_cast<uint32_t>(table[2 * low + 1]) : point;
}

// Writes the translation at `out`, unless that is null; how many bytes it has.
int64_t translate(const TranslateParams& p, const int32_t* table, std::string_view text, char* out) {
  int64_t bytes = 0;
  for (const char *at = text.data(), *end = at + text.size(); at != end;)
    bytes += put_point(translated(p, table, next_point(at, end)), out ? out + bytes : nullptr);
  return bytes;
}

Status run_translate(const TranslateParams& p, const edgert_call& call) {
  const auto* x = static_cast<const edgert_string*>(call.inputs[0]);
  const auto* table = static_cast<const int32_t*>(call.inputs[1]);
  auto* out = static_cast<edgert_string*>(call.outputs[0]);
  int64_t total = 0;
  for (int64_t i = 0; i < p.count; i++)
    total = add_up(total, static_cast<uint64_t>(translate(p, table, view(x[i]), nullptr)));
  char* bytes;
  EDGERT_TRY(new_items(call, total, bytes));
  for (int64_t i = 0; i < p.count; i++) {
    const int64_t written = translate(p, table, view(x[i]), bytes);
    out[i] = {bytes, static_cast<uint64_t>(written)};
    bytes += written;
  }
  return {};
}

// ---- splitting ----

struct SplitState {
  SplitParams params;
  const char* delimiter;
  int64_t delimiter_bytes;
};

Status plan_split(const NodeArgs& args, edgert_plan& plan) {
  SplitState* state = new_state<SplitState>(&plan);
  if (!state) return no_memory();
  const std::string_view delimiter = args.node.string("delimiter");
  char* copy = allocate<char>(plan, delimiter.size());
  if (!copy) return no_memory();
  std::copy(delimiter.begin(), delimiter.end(), copy);
  state->delimiter = copy;
  state->delimiter_bytes = static_cast<int64_t>(delimiter.size());
  return parse_split(args, state->params);
}

bool is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

// Moves `at` over white space (or, with `wanted` false, over anything else).
const char* skip(const char* at, const char* end, bool wanted) {
  while (at != end) {
    const char* after = at;
    if (is_space(next_point(after, end)) != wanted) break;
    at = after;
  }
  return at;
}

// body(part) for each part of a text between runs of white space.
template <class Body>
void each_word(std::string_view text, int64_t most, Body&& body) {
  const char *end = text.data() + text.size(), *at = skip(text.data(), end, true);
  for (int64_t cuts = 0; at != end; cuts++) {
    const char* stop = most >= 0 && cuts >= most ? end : skip(at, end, false);
    body(std::string_view(at, static_cast<size_t>(stop - at)));
    at = skip(stop, end, true);
  }
}

// body(part) for each part of a text; how many there are.
template <class Body>
int64_t each_part(const SplitState& state, std::string_view text, Body&& body) {
  int64_t count = 0;
  const int64_t most = state.params.most;
  const auto one = [&](std::string_view part) {
    body(part);
    count++;
  };
  const std::string_view delimiter(state.delimiter, static_cast<size_t>(state.delimiter_bytes));
  if (delimiter.empty()) {
    each_word(text, most, one);
    return count;
  }
  for (;;) {
    const size_t at = most >= 0 && count >= most ? text.npos : text.find(delimiter);
    one(text.substr(0, at));
    if (at == text.npos) return count;
    text.remove_prefix(at + delimiter.size());
  }
}

Status run_split(const SplitState& state, const edgert_call& call) {
  const SplitParams& p = state.params;
  const auto* x = static_cast<const edgert_string*>(call.inputs[0]);
  int64_t width = 0, total;
  for (int64_t i = 0; i < p.count; i++) {
    const int64_t found = each_part(state, view(x[i]), [](std::string_view) {});
    if (p.has_counts) static_cast<int64_t*>(call.outputs[1])[i] = found;
    width = std::max(width, found);
  }
  if (!p.has_parts) return {};
  call.counts[0] = width;
  if (!multiply(p.count, width, total)) return no_heap();
  if (!is_unplanned(call, 0) && static_cast<uint64_t>(total) > p.room / sizeof(edgert_string))
    return error(EDGERT_ERROR_GUARD, "there are %lld parts, more than the result has room for",
                 static_cast<long long>(total));
  void* data;
  EDGERT_TRY(result(call, 0, total, sizeof(edgert_string), data));
  auto* parts = static_cast<edgert_string*>(data);
  std::fill_n(parts, total, edgert_string{nullptr, 0});
  for (int64_t i = 0; i < p.count; i++, parts += width) {
    edgert_string* part = parts;
    each_part(state, view(x[i]), [&](std::string_view text) { *part++ = {text.data(), text.size()}; });
  }
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel string_equal_kernel =
    make_kernel<TextPairParams, plan_pair<EDGERT_BOOL>, run_equal>("string_equal");
extern const edgert_kernel string_concat_kernel =
    make_kernel<TextPairParams, plan_pair<EDGERT_STRING>, run_concat>("string_concat");
extern const edgert_kernel string_translate_kernel =
    make_kernel<TranslateParams, plan_translate, run_translate>("string_translate");
extern const edgert_kernel string_split_kernel =
    make_kernel<SplitState, plan_split, run_split>("string_split");

}  // namespace edgert
