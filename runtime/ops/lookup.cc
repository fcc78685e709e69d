#include "ops/lookup.h"

namespace edgert {

Status parse_lookup(const NodeArgs& args, LookupParams& lookup) {
  EDGERT_TRY(expect_operands(args, 2, 2, 1));
  const edgert_operand &x = args.inputs[0], &keys = args.inputs[1], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, keys, "the keys", x.dtype));
  EDGERT_TRY(expect_rank(args, keys, "the keys", 1));
  if (!keys.data) return unsupported("keys that are not constant");
  EDGERT_TRY(expect_form(args, keys, {}, keys.dims[0]));
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_I64));
  EDGERT_TRY(expect_shape(args, out, "the result", shape_of(x)));
  lookup.dtype = x.dtype;
  lookup.elements = size_of(shape_of(x));
  lookup.keys = keys.dims[0];
  return {};
}

}  // namespace edgert
