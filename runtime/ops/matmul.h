// matmul(transpose_a, transpose_b, epilogue, accumulator): edgec/ops/matmul.py.
#pragma once

#include "ops/pointwise.h"

namespace edgert {

struct MatmulParams {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  bool panels = false;          // b is stored as [batch of b][ceil(n/16)][k][16]
  const int8_t* dot = nullptr;  // b, one matrix, in form `dot` too
  int32_t accumulator = 0;      // dtype
  int32_t batch_rank = 0;
  int64_t batch_dims[EDGERT_MAX_RANK] = {};
  int64_t a_strides[EDGERT_MAX_RANK] = {};  // per batch axis, in matrices; 0 along a broadcast axis
  int64_t b_strides[EDGERT_MAX_RANK] = {};
  int64_t batches = 0;  // the product of batch_dims
  Pointwise epilogue;   // over the result; rank = batch_rank + 2
};

Status parse_matmul(const NodeArgs& args, MatmulParams& out);

}  // namespace edgert
