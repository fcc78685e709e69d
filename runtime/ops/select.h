// topk, nonzero, compress, unique: choosing elements. But for topk the kernel finds the results' sizes; such
// an axis is -1 here and the result's storage (`data_bytes`) was checked to hold the most there can be.
#pragma once

#include "ops/common.h"

namespace edgert {

// topk(k, axis, largest, sorted): x seen as [outer, n, inner].
struct TopkParams {
  int32_t dtype = 0;
  int64_t outer = 1, n = 1, inner = 1, k = 0;
  bool largest = true;
  bool has_values = false, has_indices = false;
};
Status parse_topk(const NodeArgs& args, TopkParams& topk);

// nonzero(): x of `elements` elements.
struct NonzeroParams {
  int32_t dtype = 0;
  int32_t rank = 0;
  int64_t elements = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};
};
Status parse_nonzero(const NodeArgs& args, NonzeroParams& nonzero);

// compress(axis): x seen as [outer, n, inner]; entry i of `conditions` keeps slice i.
struct CompressParams {
  int32_t item = 0;
  int64_t outer = 1, n = 1, inner = 1, conditions = 0;
};
Status parse_compress(const NodeArgs& args, CompressParams& compress);

// unique(axis, sorted): x seen as [outer, n, inner]; slice i is compared as a whole.
struct UniqueParams {
  int32_t dtype = 0;
  int64_t outer = 1, n = 1, inner = 1;
  bool sorted = true;
  bool has[4] = {};            // values, first positions, inverse, counts
  int64_t counts_written = 0;  // entries of a call's `counts`, all alike
};
Status parse_unique(const NodeArgs& args, UniqueParams& unique);

}  // namespace edgert
