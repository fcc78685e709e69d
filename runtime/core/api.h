// What the functions of the C ABI share: handles, and the thread's last error.
#pragma once

#include <memory>

#include "core/session.h"
#include "core/status.h"
#include "edgert.h"

struct edgert_session {
  std::unique_ptr<edgert::Session> session;
};

namespace edgert {

// Keeps the text of a failure for edgert_last_error.
edgert_status report(const Status& status);
edgert_status bad_argument(const char* function, const char* what);
// The session behind a handle; null after having reported that it is none.
Session* get(const edgert_session* handle, const char* function);

inline bool is_index(int32_t index, size_t count) { return index >= 0 && static_cast<size_t>(index) < count; }

// Whether `object` is as large as this version's, or as `least`, that of an older one.
template <class T>
bool sized(const T* object, const char* function, size_t least = sizeof(T)) {
  if (object && object->size >= least) return true;
  bad_argument(function, "a struct is null or its `size` is not set");
  return false;
}

}  // namespace edgert
