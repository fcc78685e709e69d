// What a sequence, optional or map holds, as a file says it: "sequence(f32[?, 3])".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/object.h"

namespace edgert {

struct ValueType {
  int32_t dtype = 0;
  bool any_shape = false;       // of a tensor: "[...]", or "[-]" where there is none yet
  std::vector<int64_t> dims;    // -1: any
  int32_t key = 0;              // of a map
  std::vector<ValueType> held;  // what a container holds; none: not known
};

// Reads a text like "f32[?, 3]", "map(string, f32[])" or "optional(sequence(i64[...]))"; false where it is
// none, or nested more than kMaxDepth deep.
bool parse_value_type(std::string_view text, ValueType& out);

// Why the object is not of that type ("item 2 is f64[3], expected f32[?, 3]"); empty where it is.
std::string misfit(const ValueType& type, const Object* object);

}  // namespace edgert
