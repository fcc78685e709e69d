// sequence_construct, at, insert, erase, length.
#include <algorithm>
#include <new>

#include "backends/cpu/kernels/items.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

const Object& sequence(const edgert_call& call) { return *content(handle(call.inputs[0]), EDGERT_SEQUENCE); }

// `index` as 0 to count + ends - 1; negative ones count from the end of `count` items.
Status resolve(int64_t index, int64_t count, int64_t ends, int64_t& position) {
  if (index < -count || index >= count + ends)
    return error(EDGERT_ERROR_GUARD, "position is %lld, expected %lld to %lld", static_cast<long long>(index),
                 static_cast<long long>(-count), static_cast<long long>(count + ends - 1));
  position = index < 0 ? index + count : index;
  return {};
}

int64_t position_operand(const edgert_call& call, size_t operand) {
  return *static_cast<const int64_t*>(call.inputs[operand]);
}

// ---- construct ----

struct ConstructState {
  ItemParams* items = nullptr;
  size_t count = 0;
};

Status plan_construct(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<ConstructState>(&plan);
  if (!state) return no_memory();
  state->count = args.inputs.size();
  state->items = allocate<ItemParams>(plan, state->count);
  if (!state->items) return no_memory();
  return parse_sequence_construct(args, {state->items, state->count});
}

Status run_construct(const ConstructState& state, const edgert_call& call) {
  const Object** items;
  const Object* made;
  EDGERT_TRY(new_items(call, static_cast<int64_t>(state.count), items));
  for (size_t i = 0; i < state.count; i++) EDGERT_TRY(put(call, state.items[i], call.inputs[i], items[i]));
  EDGERT_TRY(new_sequence(call, {items, state.count}, made));
  set_handle(call.outputs[0], made);
  return {};
}

// ---- at ----

Status plan_at(const NodeArgs& args, edgert_plan& plan) {
  auto* taken = new_state<TakenParams>(&plan);
  return taken ? parse_sequence_at(args, *taken) : no_memory();
}

Status run_at(const TakenParams& taken, const edgert_call& call) {
  const Object& from = sequence(call);
  int64_t position = 0;
  EDGERT_TRY(resolve(position_operand(call, 1), from.count, 0, position));
  return take(call, taken, from.items[position], "the item");
}

// ---- insert ----

// Items with room for more, so that a loop that appends does not copy them each time. Sequences may share
// them: each sees as many as it counts, and only the longest appends in place. They belong to one run.
struct Growth {
  const void* owner;
  int64_t used, capacity;
  const Object** items;
};

// A growth with the items of `from` and room for as many again.
Status grown(const edgert_call& call, const Object& from, Growth*& out) {
  const int64_t capacity = std::max<int64_t>(2 * from.count, 4);
  EDGERT_TRY(new_items(call, 1, out));
  *out = {call.internal, from.count, capacity, nullptr};
  EDGERT_TRY(new_items(call, capacity, out->items));
  std::copy_n(from.items, from.count, out->items);
  return {};
}

Status append(const edgert_call& call, const Object& from, const Object* item, const Object*& out) {
  int32_t depth;
  EDGERT_TRY(depth_of({&item, 1}, depth));
  auto* growth = static_cast<Growth*>(from.growth);
  const bool fits = growth && growth->owner == call.internal && growth->items == from.items &&
                    growth->used == from.count && growth->used < growth->capacity;
  if (!fits) EDGERT_TRY(grown(call, from, growth));
  Object* made;
  EDGERT_TRY(new_items(call, 1, made));
  new (made) Object(from);
  growth->items[growth->used++] = item;
  made->is_counted = false;
  made->items = growth->items;
  made->count = growth->used;
  made->depth = std::max(from.depth, depth);
  made->growth = growth;
  out = made;
  return {};
}

Status insert_before(const edgert_call& call, const Object& from, int64_t position, const Object* item,
                     const Object*& out) {
  const Object** items;
  EDGERT_TRY(new_items(call, from.count + 1, items));
  std::copy_n(from.items, position, items);
  items[position] = item;
  std::copy_n(from.items + position, from.count - position, items + position + 1);
  return new_sequence(call, {items, static_cast<size_t>(from.count) + 1}, out);
}

Status plan_insert(const NodeArgs& args, edgert_plan& plan) {
  auto* insert = new_state<InsertParams>(&plan);
  return insert ? parse_sequence_insert(args, *insert) : no_memory();
}

Status run_insert(const InsertParams& insert, const edgert_call& call) {
  const Object& from = sequence(call);
  int64_t position = from.count;
  if (insert.has_position) EDGERT_TRY(resolve(position_operand(call, 2), from.count, 1, position));
  const Object *item, *made;
  EDGERT_TRY(put(call, insert.item, call.inputs[1], item));
  if (position == from.count) EDGERT_TRY(append(call, from, item, made));
  else EDGERT_TRY(insert_before(call, from, position, item, made));
  set_handle(call.outputs[0], made);
  return {};
}

// ---- erase ----

struct EraseState {
  bool has_position = false;
};

Status plan_erase(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<EraseState>(&plan);
  return state ? parse_sequence_erase(args, state->has_position) : no_memory();
}

Status run_erase(const EraseState& state, const edgert_call& call) {
  const Object& from = sequence(call);
  int64_t position = 0;
  if (from.count == 0) return error(EDGERT_ERROR_GUARD, "the sequence is empty");
  EDGERT_TRY(resolve(state.has_position ? position_operand(call, 1) : -1, from.count, 0, position));
  const Object* made;
  // An end that goes leaves the rest where it is.
  const bool is_first = position == 0, is_end = is_first || position == from.count - 1;
  const Object** items;
  EDGERT_TRY(new_items(call, is_end ? 0 : from.count - 1, items));
  if (!is_end) {
    std::copy_n(from.items, position, items);
    std::copy_n(from.items + position + 1, from.count - position - 1, items + position);
  }
  Object* rest;
  EDGERT_TRY(new_items(call, 1, rest));
  new (rest) Object(from);
  rest->is_counted = false;
  rest->growth = nullptr;
  rest->count = from.count - 1;
  rest->items = is_end ? from.items + (is_first ? 1 : 0) : items;
  made = rest;
  set_handle(call.outputs[0], made);
  return {};
}

// ---- length ----

struct NoState {};

Status plan_length(const NodeArgs& args, edgert_plan& plan) {
  return new_state<NoState>(&plan) ? parse_sequence_length(args) : no_memory();
}

Status run_length(const NoState&, const edgert_call& call) {
  *static_cast<int64_t*>(call.outputs[0]) = sequence(call).count;
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel sequence_construct_kernel =
    make_kernel<ConstructState, plan_construct, run_construct>("sequence_construct");
extern const edgert_kernel sequence_at_kernel = make_kernel<TakenParams, plan_at, run_at>("sequence_at");
extern const edgert_kernel sequence_insert_kernel =
    make_kernel<InsertParams, plan_insert, run_insert>("sequence_insert");
extern const edgert_kernel sequence_erase_kernel =
    make_kernel<EraseState, plan_erase, run_erase>("sequence_erase");
extern const edgert_kernel sequence_length_kernel =
    make_kernel<NoState, plan_length, run_length>("sequence_length");

}  // namespace edgert
