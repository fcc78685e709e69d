#include "ops/svm.h"

namespace edgert {

Status parse_coupling(const NodeArgs& args, CouplingParams& coupling) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand &r = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, r, "r"));
  EDGERT_TRY(expect_dtype(args, r, "r", EDGERT_F32));
  EDGERT_TRY(expect_rank(args, r, "r", 3));
  const int64_t square[] = {r.dims[0], r.dims[1], r.dims[1]};
  EDGERT_TRY(expect_shape(args, r, "r", square));
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_F32));
  EDGERT_TRY(expect_shape(args, out, "the result", {square, 2}));
  coupling.rows = r.dims[0];
  coupling.classes = r.dims[1];
  return {};
}

}  // namespace edgert
