// attention(heads, scale, firsts, scores): edgec/ops/attention.py.
#pragma once

#include "ops/pointwise.h"

namespace edgert {

struct AttentionParams {
  int64_t batches = 0, heads = 0;
  int64_t queries = 0, keys = 0;  // rows of q, of k and v
  int64_t depth = 0, width = 0;   // of a head of q and k, of v
  int64_t all_heads[3] = {};      // that q, k and v have
  int64_t firsts[3] = {};         // which of them is read first
  float scale = 1;
  Pointwise scores;  // over [batch, heads, queries, keys]; operand 1 is the node's operand 3

  int64_t matrices() const { return batches * heads; }
  // Floats from a row to the next, and of the first of head `head` of `batch`, in q, k and v (0, 1, 2).
  int64_t row(int operand) const { return all_heads[operand] * (operand == 2 ? width : depth); }
  int64_t start(int operand, int64_t batch, int64_t head) const {
    return batch * (operand ? keys : queries) * row(operand) +
           (firsts[operand] + head) * (operand == 2 ? width : depth);
  }
};

Status parse_attention(const NodeArgs& args, AttentionParams& out);

}  // namespace edgert
