// What the handle of a sequence, optional or map points to. Objects never change once they are made and
// live until the session's next run, so any number of handles may share them.
//
// A handle is a `const Object*`. Null is the empty sequence, the empty map and the absent optional; a present
// optional is its content's object. So a zeroed element of any of these types is a valid one.
#pragma once

#include <cstdint>

#include "edgert.h"

namespace edgert {

struct Object {
  // EDGERT_SEQUENCE, EDGERT_MAP, else the element type of a tensor.
  int32_t dtype = 0;
  int32_t rank = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};
  const void* data = nullptr;  // of a tensor, dense row-major; of strings: edgert_string[]
  // A sequence's items; a map's keys and values, two vectors of equal length.
  const Object* const* items = nullptr;
  int64_t count = 0;
};

}  // namespace edgert
