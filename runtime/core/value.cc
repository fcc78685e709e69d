#include "core/value.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/types.h"

namespace edgert {
namespace {

Status no_memory() {
  return error(EDGERT_ERROR_MEMORY, "value: no memory for a copy, or above the memory limit");
}

OwnedValue* counted(const Object* value) { return static_cast<OwnedValue*>(const_cast<Object*>(value)); }

}  // namespace

// ---- copies ----

Status Copier::strings(const edgert_string* from, uint64_t count, edgert_string* to) {
  for (uint64_t i = 0; i < count; i++) {
    const edgert_string text = from[i];  // `to` may be `from`
    to[i] = {};
    if (text.bytes == 0) continue;
    edgert_string& known = texts_[text.data];
    if (known.bytes < text.bytes) {
      char* copy = static_cast<char*>(allocate_(text.bytes));
      if (!copy) return no_memory();
      std::memcpy(copy, text.data, static_cast<size_t>(text.bytes));
      known = {copy, text.bytes};
    }
    to[i] = {known.data, text.bytes};
  }
  return {};
}

Status Copier::elements(const Object& from, Object& to) {
  const uint64_t bytes = object_bytes(from);
  void* data = allocate_(bytes);
  if (!data) return no_memory();
  to.data = data;
  if (from.dtype == EDGERT_STRING)
    return strings(static_cast<const edgert_string*>(from.data), bytes / sizeof(edgert_string),
                   static_cast<edgert_string*>(data));
  if (bytes) std::memcpy(data, from.data, static_cast<size_t>(bytes));
  return {};
}

Status Copier::copy_into(const Object& from, Object& to) {
  const bool is_counted = to.is_counted;
  to = from;
  to.is_counted = is_counted;
  to.growth = nullptr;
  if (!is_container(from.dtype)) return elements(from, to);
  auto* items = static_cast<const Object**>(allocate_(static_cast<uint64_t>(from.count) * sizeof(Object*)));
  if (!items) return no_memory();
  to.items = items;
  for (int64_t i = 0; i < from.count; i++) EDGERT_TRY(copy(from.items[i], items[i]));
  return {};
}

Status Copier::copy(const Object* from, const Object*& to) {
  to = nullptr;
  if (!from) return {};
  if (auto known = objects_.find(from); known != objects_.end()) {
    to = known->second;
    return {};
  }
  void* memory = allocate_(sizeof(Object));
  if (!memory) return no_memory();
  auto* made = new (memory) Object();
  EDGERT_TRY(copy_into(*from, *made));
  objects_[from] = to = made;
  return {};
}

// ---- values of the host ----

OwnedValue::~OwnedValue() {
  for (void* block : blocks_) std::free(block);
  for (OwnedValue* part : parts_) part->release();
}

void OwnedValue::release() {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void* OwnedValue::allocate(uint64_t bytes) {
  void* block = nullptr;
  if (bytes > SIZE_MAX / 2 || posix_memalign(&block, 64, bytes ? static_cast<size_t>(bytes) : 1) != 0)
    return nullptr;
  blocks_.push_back(block);
  return block;
}

Status OwnedValue::copy(const Object& from, OwnedValue*& out) {
  out = new (std::nothrow) OwnedValue();
  if (!out) return no_memory();
  Status status =
      Copier([made = out](uint64_t bytes) { return made->allocate(bytes); }).copy_into(from, *out);
  if (!status.ok()) std::exchange(out, nullptr)->release();
  return status;
}

Status OwnedValue::keep(std::span<const Object* const> kept) {
  for (const Object* item : kept) {
    OwnedValue* part = nullptr;
    if (item && item->is_counted) (part = counted(item))->retain();
    else if (item) EDGERT_TRY(copy(*item, part));
    if (part) parts_.push_back(part);
    items_.push_back(part);
  }
  items = items_.data();
  count = static_cast<int64_t>(items_.size());
  return {};
}

Status OwnedValue::sequence(std::span<const Object* const> items, OwnedValue*& out) {
  out = nullptr;
  int32_t depth;
  EDGERT_TRY(depth_of(items, depth));
  auto* made = new (std::nothrow) OwnedValue();
  if (!made) return no_memory();
  made->dtype = EDGERT_SEQUENCE;
  made->depth = depth;
  Status status = made->keep(items);
  if (status.ok()) out = made;
  else made->release();
  return status;
}

Status OwnedValue::map(const Object& keys, const Object& values, OwnedValue*& out) {
  out = nullptr;
  const bool keyed = keys.dtype == EDGERT_I64 || keys.dtype == EDGERT_STRING;
  if (!keyed || keys.rank != 1 || is_container(values.dtype) || values.rank != 1 ||
      keys.dims[0] != values.dims[0])
    return error(EDGERT_ERROR_ARGUMENT,
                 "value_map: keys are %s, values are %s, expected vectors of equal length, "
                 "keys of i64 or string",
                 object_text(&keys).c_str(), object_text(&values).c_str());
  auto* made = new (std::nothrow) OwnedValue();
  if (!made) return no_memory();
  made->dtype = EDGERT_MAP;
  made->depth = 1;
  const Object* items[] = {&keys, &values};
  Status status = made->keep(items);
  if (status.ok()) out = made;
  else made->release();
  return status;
}

Status ValueRef::of(const Object* value, ValueRef& out) {
  ValueRef made;
  if (value && value->is_counted) (made.value_ = counted(value))->retain();
  else if (value) EDGERT_TRY(OwnedValue::copy(*value, made.value_));
  out = std::move(made);
  return {};
}

}  // namespace edgert
