// Strings, objects and results of unplanned size, in the memory of the run (edgert_call::allocate). They stay
// until the session's next run and are never changed once they are made.
//
//   edgert_string* words;
//   EDGERT_TRY(new_items(call, count, words));
//   EDGERT_TRY(new_string(call, "word", words[0]));
//   EDGERT_TRY(give(call, 0, words));     // a result without planned memory; then call.counts
//
//   const Object* item;
//   EDGERT_TRY(new_tensor(call, EDGERT_STRING, {&count, 1}, words, item));
//   EDGERT_TRY(new_sequence(call, {&item, 1}, object));
//   set_handle(call.outputs[0], object);
//
// A kernel checks what comes out of a container against what its node declares (check_item): a file may say
// anything of what a container holds.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/object.h"
#include "core/types.h"
#include "edgert.h"

namespace edgert::cpu {

Status no_heap();

// `count` uninitialised items.
template <class T>
Status new_items(const edgert_call& call, int64_t count, T*& items) {
  int64_t bytes = 0;
  items = nullptr;
  if (count >= 0 && multiply(count, static_cast<int64_t>(sizeof(T)), bytes))
    items = static_cast<T*>(call.allocate(&call, static_cast<size_t>(bytes)));
  return items ? Status() : no_heap();
}

// A copy of `text`, which is UTF-8.
Status new_string(const edgert_call& call, std::string_view text, edgert_string& out);

// A tensor over elements that stay as long as the run's memory: not an operand's or a result's own.
Status new_tensor(const edgert_call& call, int32_t dtype, std::span<const int64_t> dims, const void* data,
                  const Object*& out);
// A tensor with a copy of the elements.
Status copy_tensor(const edgert_call& call, int32_t dtype, std::span<const int64_t> dims, const void* data,
                   const Object*& out);
// A sequence of the items (copied; null is the absent optional), none nested too deep.
Status new_sequence(const edgert_call& call, std::span<const Object* const> items, const Object*& out);
// A map of two vectors of equal length.
Status new_map(const edgert_call& call, const Object* keys, const Object* values, const Object*& out);

// The element of a container operand or result.
inline const Object* handle(const void* element) {
  const Object* object;
  std::memcpy(&object, element, sizeof object);
  return object;
}
inline void set_handle(void* element, const Object* object) { std::memcpy(element, &object, sizeof object); }

// Whether `item` is a tensor of that type and rank, or a container of that type. `what` begins the error.
Status check_item(const Object* item, int32_t dtype, int32_t rank, const char* what);

// Whether result `output` has no planned memory, because only the run knows its size; one that is known to be
// empty may have none either.
inline bool is_unplanned(const edgert_call& call, size_t output) {
  return !call.outputs[output] && call.given;
}
// Hands over the elements of such a result: from `new_items`, or of an object.
inline Status give(const edgert_call& call, size_t output, const void* data) {
  call.given[output] = const_cast<void*>(data);
  return {};
}
// Memory for result `output` of `count` items of `bytes` each: the planned, else given from the run's memory.
Status result(const edgert_call& call, size_t output, int64_t count, size_t bytes, void*& data);

}  // namespace edgert::cpu
