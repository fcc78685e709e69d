#include "ops/normalize.h"

namespace edgert {

Status parse_normalize(const NodeArgs& args, NormalizeParams& normalize) {
  EDGERT_TRY(expect_operands(args, 1, 3, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", shape_of(x)));
  EDGERT_TRY(read_axes(args, "axes", x.rank, normalize.axes));
  int64_t center;
  EDGERT_TRY(read_int(args, "center", 0, 1, center));
  normalize.center = center;
  normalize.epsilon = args.node.number("epsilon", 1e-5);
  normalize.dtype = x.dtype;
  normalize.rank = x.rank;
  normalize.elements = size_of(shape_of(x));
  for (int32_t i = 0; i < x.rank; i++) normalize.dims[i] = x.dims[i];
  if (args.has_input(1)) {
    EDGERT_TRY(expect_plain(args, args.inputs[1], "scale"));
    EDGERT_TRY(broadcast_strides(args, args.inputs[1], "scale", shape_of(x), normalize.scale_strides));
    normalize.scale_dtype = args.inputs[1].dtype;
  }
  if (args.has_input(2)) {
    EDGERT_TRY(expect_plain(args, args.inputs[2], "bias"));
    EDGERT_TRY(broadcast_strides(args, args.inputs[2], "bias", shape_of(x), normalize.bias_strides));
    normalize.bias_dtype = args.inputs[2].dtype;
  }
  return {};
}

}  // namespace edgert
