#include "core/object.h"

#include <algorithm>

#include "core/types.h"

namespace edgert {

const Object* content(const Object* handle, int32_t dtype) {
  static constexpr Object kEmptySequence{.dtype = EDGERT_SEQUENCE, .depth = 1};
  static constexpr int64_t kNone = 0;
  static constexpr Object kNoKeys{.dtype = EDGERT_I64, .rank = 1, .data = &kNone};
  static constexpr const Object* kNothing[] = {&kNoKeys, &kNoKeys};
  static constexpr Object kEmptyMap{.dtype = EDGERT_MAP, .items = kNothing, .count = 2, .depth = 1};
  if (handle) return handle;
  if (dtype == EDGERT_SEQUENCE) return &kEmptySequence;
  return dtype == EDGERT_MAP ? &kEmptyMap : nullptr;
}

std::string object_text(const Object* object) {
  if (!object) return "absent";
  if (object->dtype == EDGERT_SEQUENCE) return "sequence of " + std::to_string(object->count);
  if (object->dtype == EDGERT_MAP) return "map of " + std::to_string(object->items[0]->dims[0]);
  return dtype_name(object->dtype) + shape_text(std::span(object->dims, static_cast<size_t>(object->rank)));
}

uint64_t object_bytes(const Object& tensor) {
  int64_t elements = 0;
  product(std::span(tensor.dims, static_cast<size_t>(tensor.rank)), elements);
  return static_cast<uint64_t>(elements) * item_size(tensor.dtype);
}

void describe_tensor(const Object& tensor, edgert_tensor& out) {
  const uint32_t size = out.size;
  out = {};
  out.size = size;
  out.dtype = tensor.dtype;
  out.rank = tensor.rank;
  std::ranges::copy(tensor.dims, out.dims);
  out.data = const_cast<void*>(tensor.data);
  out.bytes = object_bytes(tensor);
}

Status check_strings(const char* who, const void* strings, int64_t count) {
  const auto* all = static_cast<const edgert_string*>(strings);
  for (int64_t i = 0; i < count; i++)
    if (!all[i].data && all[i].bytes)
      return error(EDGERT_ERROR_ARGUMENT, "%s: string %lld of %llu bytes is null", who,
                   static_cast<long long>(i), static_cast<unsigned long long>(all[i].bytes));
  return {};
}

Status depth_of(std::span<const Object* const> items, int32_t& depth) {
  depth = 1;
  for (const Object* item : items)
    if (item) depth = std::max(depth, item->depth + 1);
  if (depth <= kMaxDepth) return {};
  return error(EDGERT_ERROR_LIMIT, "containers are nested more than %d deep", kMaxDepth);
}

}  // namespace edgert
