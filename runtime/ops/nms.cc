#include "ops/nms.h"

namespace edgert {
namespace {

Status check_scalar(const NodeArgs& args, size_t index, int32_t dtype, bool& has) {
  has = args.has_input(index);
  if (!has) return {};
  EDGERT_TRY(expect_plain(args, args.inputs[index], "a limit"));
  EDGERT_TRY(expect_dtype(args, args.inputs[index], "a limit", dtype));
  if (size_of(shape_of(args.inputs[index])) != 1) return invalid("operand %zu is no scalar", index);
  return {};
}

}  // namespace

Status parse_nms(const NodeArgs& args, NmsParams& nms) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, 2, 5, 0));
  if (!args.has_output(0)) return invalid("result 0 is missing");
  const edgert_operand &boxes = args.inputs[0], &scores = args.inputs[1], &out = args.outputs[0];
  for (const edgert_operand* x : {&boxes, &scores}) {
    EDGERT_TRY(expect_plain(args, *x, "an operand"));
    EDGERT_TRY(expect_dtype(args, *x, "an operand", EDGERT_F32));
    EDGERT_TRY(expect_rank(args, *x, "an operand", 3));
  }
  nms.batch = scores.dims[0];
  nms.classes = scores.dims[1];
  nms.boxes = scores.dims[2];
  const int64_t expected[] = {nms.batch, nms.boxes, 4};
  EDGERT_TRY(expect_shape(args, boxes, "boxes", expected));
  int64_t center, bytes;
  EDGERT_TRY(read_int(args, "center_point_box", 0, 1, center));
  nms.center = center;
  EDGERT_TRY(check_scalar(args, 2, EDGERT_I64, nms.has_limit));
  EDGERT_TRY(check_scalar(args, 3, EDGERT_F32, nms.has_overlap));
  EDGERT_TRY(check_scalar(args, 4, EDGERT_F32, nms.has_least));
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_I64));
  EDGERT_TRY(expect_rank(args, out, "the result", 2));
  if (out.dims[0] != -1 || out.dims[1] != 3) return invalid("the result is not [count, 3]");
  if (!multiply(size_of(shape_of(scores)), 3 * 8, bytes) || static_cast<uint64_t>(bytes) > out.data_bytes)
    return invalid("the result has room for %llu bytes, may need more", static_cast<unsigned long long>(out.data_bytes));
  return {};
}

}  // namespace edgert
