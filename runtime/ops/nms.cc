#include "ops/nms.h"

namespace edgert {
namespace {

// Operand `index`, where given, is one element of `dtype`.
Status read_limit(const NodeArgs& args, size_t index, int32_t dtype, bool& has) {
  has = args.has_input(index);
  if (!has) return {};
  const edgert_operand& limit = args.inputs[index];
  EDGERT_TRY(expect_plain(args, limit, "a limit"));
  EDGERT_TRY(expect_dtype(args, limit, "a limit", dtype));
  if (size_of(shape_of(limit)) != 1) return invalid("operand %zu is not one element", index);
  return {};
}

}  // namespace

Status parse_nms(const NodeArgs& args, NmsParams& nms) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, 2, 5, 0));
  if (!args.has_output(0)) return invalid("result 0 is missing");
  const edgert_operand &boxes = args.inputs[0], &scores = args.inputs[1], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, boxes, "boxes"));
  EDGERT_TRY(expect_plain(args, scores, "scores"));
  EDGERT_TRY(expect_dtype(args, boxes, "boxes", EDGERT_F32));
  EDGERT_TRY(expect_dtype(args, scores, "scores", EDGERT_F32));
  EDGERT_TRY(expect_rank(args, scores, "scores", 3));
  nms.batch = scores.dims[0];
  nms.classes = scores.dims[1];
  nms.boxes = scores.dims[2];
  const int64_t expected[] = {nms.batch, nms.boxes, 4};
  EDGERT_TRY(expect_shape(args, boxes, "boxes", expected));
  int64_t center;
  EDGERT_TRY(read_int(args, "center_point_box", 0, 1, center));
  nms.center_point_box = center;
  EDGERT_TRY(read_limit(args, 2, EDGERT_I64, nms.has_most));
  EDGERT_TRY(read_limit(args, 3, EDGERT_F32, nms.has_overlap));
  EDGERT_TRY(read_limit(args, 4, EDGERT_F32, nms.has_least));
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_I64));
  if (out.rank != 2 || out.dims[0] != -1 || out.dims[1] != 3) return invalid("the result is not [count, 3]");
  int64_t bytes;
  if (!multiply(size_of(shape_of(scores)), 24, bytes) || static_cast<uint64_t>(bytes) > out.data_bytes)
    return invalid("the result has room for %llu bytes, too few for every box",
                   static_cast<unsigned long long>(out.data_bytes));
  return {};
}

}  // namespace edgert
