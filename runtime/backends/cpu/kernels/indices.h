// Indices that a run reads: never trusted, negative ones count from the end.
#pragma once

#include "ops/gather.h"

namespace edgert::cpu {

// An i32 or i64 tensor.
struct Indices {
  const void* data;
  bool wide;

  int64_t at(int64_t i) const {
    return wide ? static_cast<const int64_t*>(data)[i] : int64_t{static_cast<const int32_t*>(data)[i]};
  }
  // Entry i as a position on an axis of n, which it was checked against.
  int64_t position(int64_t i, int64_t n) const {
    const int64_t index = at(i);
    return index < 0 ? index + n : index;
  }
};

// Whether the first `count` entries lie within [-n, n); `bad` is the first that does not.
bool all_within(const Indices& indices, int64_t count, int64_t n, int64_t& bad);

// "index 7 is out of range, expected -5 to 4".
Status index_error(int64_t index, int64_t n);

// Every entry of every tuple fits its axis.
Status check_tuples(const NdParams& p, const Indices& indices);

// The element of x that entry i of the indices names, and the first element of tuple t's slice.
int64_t element_offset(const ElementsParams& p, const Indices& indices, int64_t i);
int64_t tuple_offset(const NdParams& p, const Indices& indices, int64_t t);

}  // namespace edgert::cpu
