// Index tuples of gather_nd and scatter_nd as their kernels take them.
#pragma once

#include "backends/opencl/launch.h"
#include "ops/gather.h"

namespace edgert::cl {

struct Tuples {
  int32_t depth;
  int32_t n[EDGERT_MAX_RANK], stride[EDGERT_MAX_RANK];
};

inline Tuples make_tuples(const NdParams& p) {
  Tuples tuples{static_cast<int32_t>(p.depth), {}, {}};
  for (int64_t d = 0; d < p.depth; d++) {
    tuples.n[d] = static_cast<int32_t>(p.sizes[d]);
    tuples.stride[d] = static_cast<int32_t>(p.strides[d]);
  }
  return tuples;
}

inline const char* index_text(bool wide) { return wide ? "long" : "int"; }

}  // namespace edgert::cl
