#include "ops/linalg.h"

namespace edgert {

Status parse_determinant(const NodeArgs& args, DeterminantParams& determinant) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  if (x.rank < 2) return invalid("x has rank %d, expected 2 or more", x.rank);
  const auto batch = shape_of(x).first(static_cast<size_t>(x.rank - 2));
  determinant.dtype = x.dtype;
  determinant.order = x.dims[x.rank - 1];
  if (x.dims[x.rank - 2] != determinant.order) return invalid("matrices are not square");
  determinant.count = size_of(batch);
  return expect_shape(args, args.outputs[0], "the result", batch);
}

}  // namespace edgert
