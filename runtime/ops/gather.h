// gather, gather_elements, gather_nd, scatter_elements, scatter_nd: reading and writing at run-time indices.
// Indices are i32 or i64; negative ones count from the end. Kernels check each one.
#pragma once

#include "ops/common.h"

namespace edgert {

// gather(axis, batch_dims): x [batch, outer, n, inner], indices [batch, count] -> [batch, outer, count,
// inner].
struct GatherParams {
  int32_t item = 0;   // bytes of an element
  bool wide = false;  // i64 indices
  int64_t batch = 1, outer = 1, n = 1, inner = 1, count = 1;
};
Status parse_gather(const NodeArgs& args, GatherParams& gather);

enum class ScatterReduction : int32_t { kNone, kAdd, kMul, kMax, kMin };

// gather_elements(axis) and scatter_elements(axis, reduction): position i of indices' shape is element
// `i` of x but on `axis`, where the index says. Strides are of x, in elements.
struct ElementsParams {
  int32_t dtype = 0;
  bool wide = false;
  int32_t rank = 0;
  int64_t axis = 0, n = 0, axis_stride = 0;
  int64_t elements = 0, count = 0;  // of x, of indices
  int64_t dims[EDGERT_MAX_RANK] = {}, strides[EDGERT_MAX_RANK] = {};
  ScatterReduction reduction = ScatterReduction::kNone;
};
Status parse_gather_elements(const NodeArgs& args, ElementsParams& params);
Status parse_scatter_elements(const NodeArgs& args, ElementsParams& params);

// gather_nd(batch_dims) and scatter_nd(reduction): `batch` times `count` index tuples of `depth` entries,
// each naming a slice of `inner` elements of x [batch, sizes..., inner].
struct NdParams {
  int32_t dtype = 0;
  bool wide = false;
  int64_t batch = 1, count = 1, depth = 0, inner = 1;
  int64_t elements = 0;                                                // of x
  int64_t sizes[EDGERT_MAX_RANK] = {}, strides[EDGERT_MAX_RANK] = {};  // of the indexed axes
  ScatterReduction reduction = ScatterReduction::kNone;
};
Status parse_gather_nd(const NodeArgs& args, NdParams& params);
Status parse_scatter_nd(const NodeArgs& args, NdParams& params);

}  // namespace edgert
