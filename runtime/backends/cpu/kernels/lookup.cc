// lookup: binary search in the sorted keys, whose number and contents a file may choose at will.
#include "ops/lookup.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/heap.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

struct NumberKey {
  uint64_t code;
  int64_t position;
};
struct TextKey {
  edgert_string text;
  int64_t position;
};

// Equal numbers have equal codes: 0 and -0, and all NaN.
template <class T>
uint64_t code_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    double wide = value == 0 ? 0.0 : static_cast<double>(value);
    if (value != value) wide = std::numeric_limits<double>::quiet_NaN();
    uint64_t bits;
    std::memcpy(&bits, &wide, sizeof bits);
    return bits;
  } else {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
}

uint64_t order_of(const NumberKey& key) { return key.code; }
std::string_view order_of(const TextKey& key) { return view(key.text); }

struct LookupState {
  LookupParams params;
  NumberKey* numbers;
  TextKey* texts;
  int64_t count;  // of distinct keys
};

// Sorts keys and drops all but the last of equal ones; how many are left.
template <class Key>
int64_t sort_keys(Key* keys, int64_t count) {
  std::sort(keys, keys + count, [](const Key& a, const Key& b) {
    const auto left = order_of(a), right = order_of(b);
    return left != right ? left < right : a.position < b.position;
  });
  int64_t kept = 0;
  for (int64_t i = 0; i < count; i++)
    if (i + 1 == count || order_of(keys[i]) != order_of(keys[i + 1])) keys[kept++] = keys[i];
  return kept;
}

template <class Key, class Wanted>
int64_t find(const Key* keys, int64_t count, Wanted wanted, int64_t otherwise) {
  const Key* found = std::lower_bound(keys, keys + count, wanted,
                                      [](const Key& key, Wanted w) { return order_of(key) < w; });
  return found != keys + count && order_of(*found) == wanted ? found->position : otherwise;
}

Status plan_lookup(const NodeArgs& args, edgert_plan& plan) {
  LookupState* state = new_state<LookupState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_lookup(args, state->params));
  const LookupParams& p = state->params;
  const void* data = args.inputs[1].data;
  if (p.dtype == EDGERT_STRING) {
    state->texts = allocate<TextKey>(plan, static_cast<size_t>(p.keys));
    if (!state->texts) return no_memory();
    const auto* texts = static_cast<const edgert_string*>(data);
    for (int64_t i = 0; i < p.keys; i++) state->texts[i] = {texts[i], i};
    state->count = sort_keys(state->texts, p.keys);
    return {};
  }
  state->numbers = allocate<NumberKey>(plan, static_cast<size_t>(p.keys));
  if (!state->numbers) return no_memory();
  const bool known = with_storage(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* keys = static_cast<const typename S::Stored*>(data);
    for (int64_t i = 0; i < p.keys; i++) state->numbers[i] = {code_of(S::load(keys[i])), i};
  });
  if (!known) return unsupported("keys of type %s", dtype_name(p.dtype));
  state->count = sort_keys(state->numbers, p.keys);
  return {};
}

Status run_lookup(const LookupState& state, const edgert_call& call) {
  const LookupParams& p = state.params;
  auto* out = static_cast<int64_t*>(call.outputs[0]);
  const auto each = [&](auto&& body) {
    const int64_t count = std::min(pieces(p.elements * 50, call.threads), p.elements);
    parallel(call, count, [&](int64_t piece, int32_t) {
      const int64_t end = piece_begin(p.elements, piece + 1, count);
      for (int64_t i = piece_begin(p.elements, piece, count); i < end; i++) out[i] = body(i);
    });
  };
  if (p.dtype == EDGERT_STRING) {
    const auto* x = static_cast<const edgert_string*>(call.inputs[0]);
    each([&](int64_t i) { return find(state.texts, state.count, view(x[i]), p.keys); });
    return {};
  }
  with_storage(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    each([&](int64_t i) { return find(state.numbers, state.count, code_of(S::load(x[i])), p.keys); });
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel lookup_kernel = make_kernel<LookupState, plan_lookup, run_lookup>("lookup");

}  // namespace edgert
