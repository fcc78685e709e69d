// Copies between strided arrays: what transpose, slice, expand, concat and pad come down to.
#pragma once

#include <cstdint>

#include "edgert.h"

namespace edgert::cpu {

// to[sum i*to_stride] = from[sum i*from_stride] for every index of `size`; strides are in bytes.
// After `simplify`, `unit` bytes are contiguous on both sides and neighbouring axes are merged.
struct StridedCopy {
  int32_t rank;
  int64_t unit;
  int64_t size[EDGERT_MAX_RANK];
  int64_t from_stride[EDGERT_MAX_RANK];
  int64_t to_stride[EDGERT_MAX_RANK];
};

// Drops axes of size 1, merges axes that run on, and grows `unit` over contiguous innermost axes.
void simplify(StridedCopy& copy);

// Bytes copied.
int64_t copied_bytes(const StridedCopy& copy);

// Copies on the calling thread.
void run_copy(const StridedCopy& copy, const void* from, void* to);

// Copies, spread over the threads where it is large.
void run_copy(const StridedCopy& copy, const void* from, void* to, const edgert_call& call);

}  // namespace edgert::cpu
