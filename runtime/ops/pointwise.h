// A scalar program over operands broadcast to one shape: all of `map`, and every epilogue.
#pragma once

#include <cstdint>

#include "ops/common.h"

namespace edgert {

constexpr int kMaxProgramOperands = 16;

struct Pointwise {
  const Program* program = nullptr;  // the node's; null: the identity of operand 0
  int32_t rank = 0;
  int32_t count = 0;                                           // of operands
  int32_t result = 0;                                          // storage type of the result
  int64_t dims[EDGERT_MAX_RANK] = {};                          // of the result, which is dense
  int32_t dtypes[kMaxProgramOperands] = {};                    // storage types of the operands
  int64_t strides[kMaxProgramOperands][EDGERT_MAX_RANK] = {};  // in elements; 0 along a broadcast axis

  int64_t size() const { return size_of({dims, static_cast<size_t>(rank)}); }
};

// The operands of `args` from `first` on (to the end) with attribute `attribute`'s program give result 0.
// With `accumulator` not 0, the program's operand 0 is the accumulator of that type, dense over the
// result, and operand `first` of the node is the program's operand 1. A missing program is then the
// identity; without an accumulator it is an error.
Status parse_pointwise(const NodeArgs& args, const char* attribute, size_t first, int32_t accumulator,
                       Pointwise& out);

// Drops axes of size 1 and merges neighbours that every operand walks as one.
void collapse(Pointwise& pointwise);

}  // namespace edgert
