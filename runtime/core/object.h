// What the handle of a sequence, optional or map points to. Objects never change once they are made, so any
// number of handles may share one. Those that kernels make lie in the heap of the run (heap.h); those that
// the host makes (value.h) count their owners.
//
// A handle is a `const Object*`. Null is the empty sequence, the empty map and the absent optional; a present
// optional is its content's object. So a zeroed element of any of these types is a valid one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/status.h"
#include "edgert.h"

struct edgert_value {
  // EDGERT_SEQUENCE, EDGERT_MAP, else the element type of a tensor.
  int32_t dtype = 0;
  int32_t rank = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};
  const void* data = nullptr;  // of a tensor, dense row-major; of strings: edgert_string[]
  // A sequence's items (null: the absent optional); a map's keys and values, two vectors of equal length.
  const edgert_value* const* items = nullptr;
  int64_t count = 0;
  int32_t depth = 0;        // containers inside one another: 0 for a tensor, at most kMaxDepth
  bool is_counted = false;  // made by the host: an OwnedValue (value.h)
  void* growth = nullptr;   // room behind the items of a sequence, while a run appends to it (its kernel)
};

namespace edgert {

using Object = edgert_value;

// Deeper containers are refused where they are made, so that walking them can be recursive.
inline constexpr int32_t kMaxDepth = 16;

inline bool is_container(int32_t dtype) { return dtype >= EDGERT_SEQUENCE && dtype <= EDGERT_MAP; }
// Elements that point to what is in the heap, a file or the host's memory.
inline bool holds_pointers(int32_t dtype) { return dtype == EDGERT_STRING || is_container(dtype); }

// A sequence or map behind a handle: null is the empty one.
const Object* content(const Object* handle, int32_t dtype);
// "f32[2, 3]", "sequence of 4", "absent"
std::string object_text(const Object* object);
// The bytes of a tensor's elements.
uint64_t object_bytes(const Object& tensor);
// The tensor as the C ABI says it; `size` stays.
void describe_tensor(const Object& tensor, edgert_tensor& out);
// Strings of the host: no text is null but empty ones.
Status check_strings(const char* who, const void* strings, int64_t count);
// What an object of these items is deep; more than kMaxDepth is an error.
Status depth_of(std::span<const Object* const> items, int32_t& depth);

inline std::string_view view(const edgert_string& text) {
  return text.bytes ? std::string_view(text.data, static_cast<size_t>(text.bytes)) : std::string_view();
}

}  // namespace edgert
