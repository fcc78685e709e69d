#include "ops/softmax.h"

#include "ops/reduce.h"

namespace edgert {

Status parse_softmax(const NodeArgs& args, SoftmaxParams& softmax) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", shape_of(x)));
  int64_t axis, log;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  EDGERT_TRY(read_int(args, "log", 0, 1, log));
  split_around(x, axis, softmax.outer, softmax.n, softmax.inner);
  softmax.dtype = x.dtype;
  softmax.log = log;
  return {};
}

}  // namespace edgert
