// Values that the host makes: trees that own copies of what they hold and count their owners.
#pragma once

#include <atomic>
#include <functional>
#include <unordered_map>
#include <vector>

#include "core/object.h"
#include "core/status.h"

namespace edgert {

// Copies objects with all that they point to. What is shared stays shared, so that a copy is no larger.
class Copier {
 public:
  // Memory for the copies, 64-byte aligned; null where there is none.
  using Allocate = std::function<void*(uint64_t bytes)>;
  explicit Copier(Allocate allocate) : allocate_(std::move(allocate)) {}

  Status copy(const Object* from, const Object*& to);
  // The object itself into `to`.
  Status copy_into(const Object& from, Object& to);
  // `to` may be `from`.
  Status strings(const edgert_string* from, uint64_t count, edgert_string* to);

 private:
  Status elements(const Object& from, Object& to);

  Allocate allocate_;
  std::unordered_map<const Object*, const Object*> objects_;
  std::unordered_map<const char*, edgert_string> texts_;
};

// Every `edgert_value` with `is_counted` is one of these.
class OwnedValue : public Object {
 public:
  // A copy of any object, down to the last string.
  static Status copy(const Object& from, OwnedValue*& out);
  // Keeps the items, copying those that are not counted.
  static Status sequence(std::span<const Object* const> items, OwnedValue*& out);
  static Status map(const Object& keys, const Object& values, OwnedValue*& out);

  void retain() { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release();

 private:
  OwnedValue() { is_counted = true; }
  ~OwnedValue();
  Status keep(std::span<const Object* const> items);
  void* allocate(uint64_t bytes);

  std::atomic<int64_t> owners_{1};
  std::vector<void*> blocks_;
  std::vector<OwnedValue*> parts_;
  std::vector<const Object*> items_;
};

// One owner of a value.
class ValueRef {
 public:
  ValueRef() = default;
  ~ValueRef() { reset(); }
  ValueRef(ValueRef&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  ValueRef& operator=(ValueRef&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  // Shares a counted value, copies any other; null stays null.
  static Status of(const Object* value, ValueRef& out);
  const Object* get() const { return value_; }
  void reset() {
    if (value_) std::exchange(value_, nullptr)->release();
  }

 private:
  OwnedValue* value_ = nullptr;
};

}  // namespace edgert
