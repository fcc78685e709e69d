// map_construct, zip_map, map_lookup, map_values. Maps made here have their keys in order and once each;
// those of a host may have them in any order.
#include "ops/maps.h"

#include <algorithm>

#include "backends/cpu/kernels/items.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

int compare(int64_t a, int64_t b) { return a < b ? -1 : a > b; }
int compare(const edgert_string& a, const edgert_string& b) { return view(a).compare(view(b)); }

// Positions of the keys in order, of equal keys the last one; how many are left in `count`.
template <class Key>
Status sort_keys(const edgert_call& call, const Key* keys, int64_t& count, int64_t*& order) {
  EDGERT_TRY(new_items(call, count, order));
  for (int64_t i = 0; i < count; i++) order[i] = i;
  std::sort(order, order + count, [keys](int64_t a, int64_t b) {
    const int found = compare(keys[a], keys[b]);
    return found ? found < 0 : a > b;
  });
  int64_t* end = std::unique(order, order + count,
                             [keys](int64_t a, int64_t b) { return compare(keys[a], keys[b]) == 0; });
  count = end - order;
  return {};
}

// f(pointer to elements of type `dtype`), which is one of those that maps hold.
template <class F>
Status with_elements(int32_t dtype, const void* elements, F&& f) {
  if (dtype == EDGERT_F32) return f(static_cast<const float*>(elements));
  if (dtype == EDGERT_F64) return f(static_cast<const double*>(elements));
  if (dtype == EDGERT_STRING) return f(static_cast<const edgert_string*>(elements));
  return f(static_cast<const int64_t*>(elements));
}
template <class F>
Status with_keys(int32_t dtype, const void* keys, F&& f) {
  if (dtype == EDGERT_STRING) return f(static_cast<const edgert_string*>(keys));
  return f(static_cast<const int64_t*>(keys));
}

// A vector of the elements at `order`.
Status pick(const edgert_call& call, int32_t dtype, const void* from, const int64_t* order, int64_t count,
            const Object*& out) {
  return with_elements(dtype, from, [&](auto* elements) -> Status {
    std::remove_const_t<std::remove_pointer_t<decltype(elements)>>* picked;
    EDGERT_TRY(new_items(call, count, picked));
    for (int64_t i = 0; i < count; i++) picked[i] = elements[order[i]];
    return new_tensor(call, dtype, {&count, 1}, picked, out);
  });
}

// ---- construct ----

Status plan_construct(const NodeArgs& args, edgert_plan& plan) {
  auto* map = new_state<MapConstructParams>(&plan);
  return map ? parse_map_construct(args, *map) : no_memory();
}

Status run_construct(const MapConstructParams& map, const edgert_call& call) {
  int64_t count = map.count;
  int64_t* order;
  const Object *keys, *values, *made;
  EDGERT_TRY(
      with_keys(map.key, call.inputs[0], [&](auto* given) { return sort_keys(call, given, count, order); }));
  EDGERT_TRY(pick(call, map.key, call.inputs[0], order, count, keys));
  EDGERT_TRY(pick(call, map.value, call.inputs[1], order, count, values));
  EDGERT_TRY(new_map(call, keys, values, made));
  set_handle(call.outputs[0], made);
  return {};
}

// ---- rows ----

Status plan_zip(const NodeArgs& args, edgert_plan& plan) {
  auto* zip = new_state<ZipMapParams>(&plan);
  return zip ? parse_zip_map(args, *zip) : no_memory();
}

// All maps share their keys.
Status run_zip(const ZipMapParams& zip, const edgert_call& call) {
  int64_t count = zip.count;
  int64_t* order;
  const Object *keys, *values, **maps, *made;
  EDGERT_TRY(
      with_keys(zip.key, call.inputs[0], [&](auto* given) { return sort_keys(call, given, count, order); }));
  EDGERT_TRY(pick(call, zip.key, call.inputs[0], order, count, keys));
  EDGERT_TRY(new_items(call, zip.rows, maps));
  const auto* row = static_cast<const uint8_t*>(call.inputs[1]);
  const int64_t bytes = zip.count * static_cast<int64_t>(item_size(zip.value));
  for (int64_t i = 0; i < zip.rows; i++, row += bytes) {
    EDGERT_TRY(pick(call, zip.value, row, order, count, values));
    EDGERT_TRY(new_map(call, keys, values, maps[i]));
  }
  EDGERT_TRY(new_sequence(call, {maps, static_cast<size_t>(zip.rows)}, made));
  set_handle(call.outputs[0], made);
  return {};
}

// ---- reading ----

// Keys in order, and the values; `count` is 0 for the empty map, whose types say nothing.
struct Entries {
  const void* keys = nullptr;
  const void* values = nullptr;
  int64_t* order = nullptr;
  int64_t count = 0;
};

// `key` 0 is either type.
Status entries(const edgert_call& call, int32_t key, int32_t value, Entries& out) {
  const Object& map = *content(handle(call.inputs[0]), EDGERT_MAP);
  const Object &keys = *map.items[0], &values = *map.items[1];
  if (keys.dims[0] == 0) return {};
  if (!key) key = keys.dtype == EDGERT_STRING ? EDGERT_STRING : EDGERT_I64;
  EDGERT_TRY(check_item(&keys, key, 1, "keys of the map"));
  EDGERT_TRY(check_item(&values, value, 1, "values of the map"));
  out = {keys.data, values.data, nullptr, keys.dims[0]};
  return with_keys(key, keys.data, [&](auto* given) { return sort_keys(call, given, out.count, out.order); });
}

// ---- lookup ----

struct LookupState {
  MapLookupParams lookup;
  const char* text = nullptr;
  size_t bytes = 0;
};

Status plan_lookup(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<LookupState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_map_lookup(args, state->lookup));
  state->bytes = state->lookup.text.size();
  char* copy = allocate<char>(plan, state->bytes);
  if (!copy) return no_memory();
  std::copy_n(state->lookup.text.data(), state->bytes, copy);
  state->text = copy;
  return {};
}

void fill(const MapLookupParams& p, float* out) { std::fill_n(out, p.count, static_cast<float>(p.real)); }
void fill(const MapLookupParams& p, double* out) { std::fill_n(out, p.count, p.real); }
void fill(const MapLookupParams& p, int64_t* out) { std::fill_n(out, p.count, p.integer); }

template <class Key, class Element>
void find_values(const Entries& map, const Key* wanted, int64_t count, Element* out) {
  const auto* keys = static_cast<const Key*>(map.keys);
  const auto* values = static_cast<const Element*>(map.values);
  for (int64_t i = 0; i < count; i++) {
    const int64_t* found = std::lower_bound(
        map.order, map.order + map.count, wanted[i],
        [keys](int64_t position, const Key& key) { return compare(keys[position], key) < 0; });
    if (found != map.order + map.count && compare(keys[*found], wanted[i]) == 0) out[i] = values[*found];
  }
}

Status run_lookup(const LookupState& state, const edgert_call& call) {
  const MapLookupParams& p = state.lookup;
  Entries map;
  EDGERT_TRY(entries(call, p.key, p.value, map));
  return with_elements(p.value, call.outputs[0], [&](auto* result) -> Status {
    using Element = std::remove_const_t<std::remove_pointer_t<decltype(result)>>;
    auto* out = static_cast<Element*>(call.outputs[0]);
    if constexpr (std::is_same_v<Element, edgert_string>) {
      edgert_string otherwise;
      EDGERT_TRY(new_string(call, {state.text, state.bytes}, otherwise));
      std::fill_n(out, p.count, otherwise);
    } else {
      fill(p, out);
    }
    return with_keys(p.key, call.inputs[1], [&](auto* wanted) -> Status {
      find_values(map, wanted, p.count, out);
      return {};
    });
  });
}

// ---- values ----

Status plan_values(const NodeArgs& args, edgert_plan& plan) {
  auto* taken = new_state<TakenParams>(&plan);
  return taken ? parse_map_values(args, *taken) : no_memory();
}

Status run_values(const TakenParams& taken, const edgert_call& call) {
  Entries map;
  EDGERT_TRY(entries(call, 0, taken.item.dtype, map));
  uint8_t* to;
  EDGERT_TRY(room(call, taken, {&map.count, 1}, to));
  return with_elements(taken.item.dtype, map.values, [&](auto* values) -> Status {
    auto* out = reinterpret_cast<std::remove_const_t<std::remove_pointer_t<decltype(values)>>*>(to);
    for (int64_t i = 0; i < map.count; i++) out[i] = values[map.order[i]];
    return {};
  });
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel map_construct_kernel =
    make_kernel<MapConstructParams, plan_construct, run_construct>("map_construct");
extern const edgert_kernel zip_map_kernel = make_kernel<ZipMapParams, plan_zip, run_zip>("zip_map");
extern const edgert_kernel map_lookup_kernel =
    make_kernel<LookupState, plan_lookup, run_lookup>("map_lookup");
extern const edgert_kernel map_values_kernel =
    make_kernel<TakenParams, plan_values, run_values>("map_values");

}  // namespace edgert
