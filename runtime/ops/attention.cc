#include "ops/attention.h"

#include <algorithm>

namespace edgert {
namespace {

constexpr const char* kNames[] = {"q", "k", "v"};

Status parse_heads(const NodeArgs& args, AttentionParams& out) {
  EDGERT_TRY(read_int(args, "heads", 1, INT32_MAX, out.heads));
  out.scale = static_cast<float>(args.node.number("scale", 1));
  std::span<const int64_t> firsts;
  EDGERT_TRY(read_ints(args, "firsts", 3, 0, INT32_MAX, firsts));
  for (size_t i = 0; i < 3; i++) {
    const edgert_operand& x = args.inputs[i];
    if (x.rank < 3) return invalid("%s has rank %d, expected 3 or more", kNames[i], x.rank);
    EDGERT_TRY(expect_rank(args, x, kNames[i], args.outputs[0].rank));
    EDGERT_TRY(expect_dtype(args, x, kNames[i], EDGERT_F32));
    EDGERT_TRY(expect_plain(args, x, kNames[i]));
    out.firsts[i] = firsts[i];
    out.all_heads[i] = x.dims[x.rank - 2];
    if (out.all_heads[i] < firsts[i] + out.heads)
      return invalid("%s has %lld heads, expected %lld from %lld on", kNames[i],
                     static_cast<long long>(out.all_heads[i]), static_cast<long long>(out.heads),
                     static_cast<long long>(firsts[i]));
  }
  return {};
}

}  // namespace

Status parse_attention(const NodeArgs& args, AttentionParams& out) {
  out = {};
  EDGERT_TRY(expect_operands(args, 3, 3 + kMaxProgramOperands, 1));
  EDGERT_TRY(parse_heads(args, out));
  const auto &q = args.inputs[0], &k = args.inputs[1], &v = args.inputs[2];
  const int32_t rank = q.rank;
  const auto batch = shape_of(q).first(static_cast<size_t>(rank) - 3);
  for (const auto* x : {&k, &v})
    if (!std::equal(batch.begin(), batch.end(), x->dims)) return invalid("q, k and v have unequal batches");
  out.batches = size_of(batch);
  out.queries = q.dims[rank - 3];
  out.keys = k.dims[rank - 3];
  out.depth = q.dims[rank - 1];
  out.width = v.dims[rank - 1];
  if (k.dims[rank - 1] != out.depth || v.dims[rank - 3] != out.keys)
    return invalid("k is [%lld keys, %lld], expected [%lld, %lld] for q and v",
                   static_cast<long long>(out.keys), static_cast<long long>(k.dims[rank - 1]),
                   static_cast<long long>(v.dims[rank - 3]), static_cast<long long>(out.depth));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", EDGERT_F32));
  int64_t dims[EDGERT_MAX_RANK];
  std::copy_n(q.dims, rank, dims);
  dims[rank - 2] = out.heads;
  dims[rank - 1] = out.width;
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", {dims, static_cast<size_t>(rank)}));
  dims[rank - 3] = out.heads;
  dims[rank - 2] = out.queries;
  dims[rank - 1] = out.keys;
  edgert_operand scores = args.outputs[0];
  scores.dims = dims;
  const NodeArgs within{args.node, args.inputs, {&scores, 1}};
  EDGERT_TRY(expect_operands(within, 3, 3 + kMaxProgramOperands, 1));
  return parse_pointwise(within, "scores", 3, EDGERT_F32, out.scores);
}

}  // namespace edgert
