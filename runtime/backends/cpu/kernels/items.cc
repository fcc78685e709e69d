#include "backends/cpu/kernels/items.h"

namespace edgert::cpu {
namespace {

Status wrong_sizes(const char* what, std::span<const int64_t> got, std::span<const int64_t> expected) {
  return error(EDGERT_ERROR_GUARD, "%s has sizes %s, expected %s (-1: any)", what, shape_text(got).c_str(),
               shape_text(expected).c_str());
}

std::span<const int64_t> shape_of(const Object& tensor) {
  return {tensor.dims, static_cast<size_t>(tensor.rank)};
}

bool sizes_fit(std::span<const int64_t> got, std::span<const int64_t> expected) {
  bool fits = got.size() == expected.size();
  for (size_t i = 0; fits && i < got.size(); i++) fits = expected[i] < 0 || got[i] == expected[i];
  return fits;
}

}  // namespace

Status put(const edgert_call& call, const ItemParams& item, const void* operand, const Object*& out) {
  if (!is_container(item.dtype)) return copy_tensor(call, item.dtype, item.shape(), operand, out);
  out = content(handle(operand), item.dtype);
  return {};
}

Status check_sizes(const Object* object, const ItemParams& expected, const char* what) {
  EDGERT_TRY(check_item(object, expected.dtype, expected.rank, what));
  if (is_container(expected.dtype) || sizes_fit(shape_of(*object), expected.shape())) return {};
  return wrong_sizes(what, shape_of(*object), expected.shape());
}

void set_counts(const edgert_call& call, const ItemParams& item, std::span<const int64_t> dims) {
  int64_t* counts = call.counts;
  for (size_t i = 0; i < dims.size(); i++)
    if (item.dims[i] < 0) *counts++ = dims[i];
}

Status room(const edgert_call& call, const TakenParams& taken, std::span<const int64_t> dims, uint8_t*& out) {
  if (!sizes_fit(dims, taken.item.shape())) return wrong_sizes("the result", dims, taken.item.shape());
  int64_t elements, bytes;
  const auto item = static_cast<int64_t>(item_size(taken.item.dtype));
  if (!product(dims, elements) || !multiply(elements, item, bytes)) return no_heap();
  set_counts(call, taken.item, dims);
  if (!is_unplanned(call, 0)) {
    if (static_cast<uint64_t>(bytes) > taken.room) return no_heap();
    out = static_cast<uint8_t*>(call.outputs[0]);
    return {};
  }
  EDGERT_TRY(new_items(call, bytes, out));
  return give(call, 0, out);
}

Status take(const edgert_call& call, const TakenParams& taken, const Object* object, const char* what) {
  EDGERT_TRY(check_sizes(object, taken.item, what));
  if (is_container(taken.item.dtype)) {
    set_handle(call.outputs[0], object);
    return {};
  }
  if (is_unplanned(call, 0)) {
    set_counts(call, taken.item, shape_of(*object));
    return give(call, 0, object->data);
  }
  uint8_t* out;
  EDGERT_TRY(room(call, taken, shape_of(*object), out));
  if (const uint64_t bytes = object_bytes(*object)) std::memcpy(out, object->data, bytes);
  return {};
}

}  // namespace edgert::cpu
