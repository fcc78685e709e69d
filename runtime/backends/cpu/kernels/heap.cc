#include "backends/cpu/kernels/heap.h"

#include <algorithm>
#include <new>

namespace edgert::cpu {
namespace {

Status new_object(const edgert_call& call, Object*& out) {
  EDGERT_TRY(new_items(call, 1, out));
  new (out) Object();
  return {};
}

}  // namespace

Status no_heap() {
  return error(EDGERT_ERROR_MEMORY, "what it makes does not fit the memory limit, or there is no memory");
}

Status new_string(const edgert_call& call, std::string_view text, edgert_string& out) {
  out = {nullptr, text.size()};
  if (text.empty()) return {};
  char* bytes;
  EDGERT_TRY(new_items(call, static_cast<int64_t>(text.size()), bytes));
  std::memcpy(bytes, text.data(), text.size());
  out.data = bytes;
  return {};
}

Status new_tensor(const edgert_call& call, int32_t dtype, std::span<const int64_t> dims, const void* data,
                  const Object*& out) {
  if (dims.size() > EDGERT_MAX_RANK)
    return error(EDGERT_ERROR_LIMIT, "rank %zu, at most %d", dims.size(), EDGERT_MAX_RANK);
  Object* object;
  EDGERT_TRY(new_object(call, object));
  object->dtype = dtype;
  object->rank = static_cast<int32_t>(dims.size());
  std::ranges::copy(dims, object->dims);
  object->data = data;
  out = object;
  return {};
}

Status copy_tensor(const edgert_call& call, int32_t dtype, std::span<const int64_t> dims, const void* data,
                   const Object*& out) {
  int64_t elements, bytes;
  if (!product(dims, elements) || !multiply(elements, static_cast<int64_t>(item_size(dtype)), bytes))
    return no_heap();
  uint8_t* copy;
  EDGERT_TRY(new_items(call, bytes, copy));
  if (bytes) std::memcpy(copy, data, static_cast<size_t>(bytes));
  return new_tensor(call, dtype, dims, copy, out);
}

Status new_sequence(const edgert_call& call, std::span<const Object* const> items, const Object*& out) {
  int32_t depth;
  EDGERT_TRY(depth_of(items, depth));
  Object* object;
  const Object** copy;
  EDGERT_TRY(new_object(call, object));
  EDGERT_TRY(new_items(call, static_cast<int64_t>(items.size()), copy));
  std::ranges::copy(items, copy);
  object->dtype = EDGERT_SEQUENCE;
  object->items = copy;
  object->count = static_cast<int64_t>(items.size());
  object->depth = depth;
  out = object;
  return {};
}

Status new_map(const edgert_call& call, const Object* keys, const Object* values, const Object*& out) {
  if (keys->rank != 1 || values->rank != 1 || keys->dims[0] != values->dims[0])
    return error(EDGERT_ERROR_GUARD, "keys are %s, values are %s, expected two vectors of equal length",
                 object_text(keys).c_str(), object_text(values).c_str());
  Object* object;
  const Object** items;
  EDGERT_TRY(new_object(call, object));
  EDGERT_TRY(new_items(call, 2, items));
  items[0] = keys;
  items[1] = values;
  object->dtype = EDGERT_MAP;
  object->items = items;
  object->count = 2;
  object->depth = 1;
  out = object;
  return {};
}

Status check_item(const Object* item, int32_t dtype, int32_t rank, const char* what) {
  const bool same = dtype == EDGERT_OPTIONAL ||
                    (item && item->dtype == dtype && (is_container(dtype) || item->rank == rank));
  if (same) return {};
  const std::string expected =
      std::string(dtype_name(dtype)) + (is_container(dtype) ? "" : " of rank " + std::to_string(rank));
  return error(EDGERT_ERROR_GUARD, "%s is %s, expected %s", what, object_text(item).c_str(),
               expected.c_str());
}

Status result(const edgert_call& call, size_t output, int64_t count, size_t bytes, void*& data) {
  data = call.outputs[output];
  if (data) return {};
  int64_t total = 0;
  uint8_t* made = nullptr;
  if (count < 0 || !multiply(count, static_cast<int64_t>(bytes), total)) return no_heap();
  EDGERT_TRY(new_items(call, total, made));
  data = made;
  return give(call, output, made);
}

}  // namespace edgert::cpu
