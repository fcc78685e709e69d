#include "ops/roi.h"

namespace edgert {

Status parse_roi_align(const NodeArgs& args, RoiParams& roi) {
  EDGERT_TRY(expect_operands(args, 3, 3, 1));
  const edgert_operand &x = args.inputs[0], &rois = args.inputs[1], &batch = args.inputs[2];
  for (const edgert_operand& operand : args.inputs) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  EDGERT_TRY(expect_rank(args, x, "x", 4));
  EDGERT_TRY(expect_rank(args, rois, "rois", 2));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  if (batch.dtype != EDGERT_I32 && batch.dtype != EDGERT_I64)
    return invalid("batch indices are %s, expected i32 or i64", dtype_name(batch.dtype));
  constexpr int64_t kMost = 1 << 20;
  int64_t half_pixel;
  EDGERT_TRY(read_int(args, "height", 1, kMost, roi.bins[0]));
  EDGERT_TRY(read_int(args, "width", 1, kMost, roi.bins[1]));
  EDGERT_TRY(read_int(args, "sampling_ratio", 0, kMost, roi.samples));
  EDGERT_TRY(read_int(args, "half_pixel", 0, 1, half_pixel));
  const std::string_view kind = args.node.string("kind");
  if (kind != "average" && kind != "max")
    return invalid("attribute kind is '%.*s', expected average or max", int(kind.size()), kind.data());
  roi.max = kind == "max";
  roi.half_pixel = half_pixel;
  roi.scale = args.node.number("spatial_scale", 1);
  roi.dtype = x.dtype;
  roi.roi_dtype = rois.dtype;
  roi.wide = batch.dtype == EDGERT_I64;
  roi.batch = x.dims[0];
  roi.input[0] = x.dims[1];
  roi.input[1] = x.dims[2];
  roi.channels = x.dims[3];
  roi.regions = rois.dims[0];
  const int64_t expected_rois[] = {roi.regions, 4};
  const int64_t expected[] = {roi.regions, roi.bins[0], roi.bins[1], roi.channels};
  EDGERT_TRY(expect_shape(args, rois, "rois", expected_rois));
  EDGERT_TRY(expect_shape(args, batch, "batch indices", {&roi.regions, 1}));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", expected));
  if ((roi.input[0] == 0 || roi.input[1] == 0) && size_of(expected) != 0) return invalid("x is empty");
  return {};
}

}  // namespace edgert
