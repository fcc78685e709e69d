#include "ops/ngrams.h"

namespace edgert {
namespace {

Status read_constant(const NodeArgs& args, size_t index, int64_t count, const int64_t*& out) {
  const edgert_operand& operand = args.inputs[index];
  if (!operand.data) return unsupported("n-grams that are not constant");
  EDGERT_TRY(expect_dtype(args, operand, "an operand", EDGERT_I64));
  EDGERT_TRY(expect_plain(args, operand, "an operand"));
  EDGERT_TRY(expect_shape(args, operand, "an operand", {&count, 1}));
  EDGERT_TRY(expect_form(args, operand, {}, count));
  out = static_cast<const int64_t*>(operand.data);
  return {};
}

Status check_tree(const NgramParams& ngrams, int64_t edges) {
  if (ngrams.starts[0] != 0 || ngrams.starts[edges + 1] != edges)
    return invalid("the starts do not divide %lld edges", static_cast<long long>(edges));
  for (int64_t i = 0; i <= edges; i++)
    if (ngrams.starts[i + 1] < ngrams.starts[i])
      return invalid("the edges of node %lld end before they start", static_cast<long long>(i));
  for (int64_t i = 0; i < edges; i++)
    if (ngrams.columns[i] < -1 || ngrams.columns[i] >= ngrams.width)
      return invalid("an n-gram is counted in column %lld of %lld", static_cast<long long>(ngrams.columns[i]),
                     static_cast<long long>(ngrams.width));
  return {};
}

}  // namespace

Status parse_ngrams(const NodeArgs& args, NgramParams& ngrams) {
  EDGERT_TRY(expect_operands(args, 4, 4, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "the tokens"));
  EDGERT_TRY(expect_dtype(args, x, "the tokens", EDGERT_I64));
  EDGERT_TRY(expect_rank(args, x, "the tokens", 2));
  EDGERT_TRY(read_int(args, "width", 0, INT32_MAX, ngrams.width));
  EDGERT_TRY(read_int(args, "least", 1, INT32_MAX, ngrams.least));
  EDGERT_TRY(read_int(args, "most", ngrams.least, INT32_MAX, ngrams.most));
  EDGERT_TRY(read_int(args, "skips", 0, INT32_MAX, ngrams.skips));
  ngrams.rows = x.dims[0];
  ngrams.tokens = x.dims[1];
  const int64_t shape[] = {ngrams.rows, ngrams.width};
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_F32));
  EDGERT_TRY(expect_shape(args, out, "the result", shape));
  EDGERT_TRY(expect_rank(args, args.inputs[2], "the keys", 1));
  const int64_t edges = args.inputs[2].dims[0];
  EDGERT_TRY(read_constant(args, 1, edges + 2, ngrams.starts));
  EDGERT_TRY(read_constant(args, 2, edges, ngrams.keys));
  EDGERT_TRY(read_constant(args, 3, edges, ngrams.columns));
  return check_tree(ngrams, edges);
}

}  // namespace edgert
