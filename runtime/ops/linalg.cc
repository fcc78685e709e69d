#include "ops/linalg.h"

namespace edgert {

Status parse_determinant(const NodeArgs& args, DeterminantParams& determinant) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  if (x.rank < 2 || x.dims[x.rank - 1] != x.dims[x.rank - 2]) return invalid("x does not hold square matrices");
  const auto lead = shape_of(x).first(static_cast<size_t>(x.rank - 2));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", lead));
  determinant.dtype = x.dtype;
  determinant.count = size_of(lead);
  determinant.size = x.dims[x.rank - 1];
  return {};
}

}  // namespace edgert
