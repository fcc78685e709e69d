#include "ops/roi.h"

#include <cmath>

namespace edgert {

Status parse_roi_align(const NodeArgs& args, RoiAlignParams& roi) {
  EDGERT_TRY(expect_operands(args, 3, 3, 1));
  const edgert_operand &x = args.inputs[0], &rois = args.inputs[1], &batch = args.inputs[2];
  for (const edgert_operand& operand : args.inputs) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  EDGERT_TRY(expect_rank(args, x, "x", 4));
  EDGERT_TRY(expect_rank(args, rois, "the regions", 2));
  if (rois.dtype != EDGERT_F32 && rois.dtype != EDGERT_F64)
    return unsupported("regions of %s", dtype_name(rois.dtype));
  if (batch.dtype != EDGERT_I32 && batch.dtype != EDGERT_I64)
    return invalid("batch indices are %s, expected i32 or i64", dtype_name(batch.dtype));
  roi.rois = rois.dims[0];
  EDGERT_TRY(expect_shape(args, batch, "the batch indices", {&roi.rois, 1}));
  if (rois.dims[1] != 4)
    return invalid("regions have %lld coordinates, expected 4", static_cast<long long>(rois.dims[1]));
  constexpr int64_t kMost = int64_t{1} << 16;
  EDGERT_TRY(read_int(args, "height", 1, kMost, roi.height));
  EDGERT_TRY(read_int(args, "width", 1, kMost, roi.width));
  EDGERT_TRY(read_int(args, "sampling_ratio", 0, 1024, roi.samples));
  int64_t half_pixel;
  EDGERT_TRY(read_int(args, "half_pixel", 0, 1, half_pixel));
  const std::string_view kind = args.node.string("kind");
  if (kind != "average" && kind != "max")
    return invalid("attribute kind is '%.*s'", int(kind.size()), kind.data());
  roi.is_max = kind == "max";
  roi.half_pixel = half_pixel;
  roi.scale = args.node.number("spatial_scale", 1);
  if (!std::isfinite(roi.scale)) return invalid("attribute spatial_scale is not finite");
  roi.dtype = x.dtype;
  roi.wide_rois = rois.dtype == EDGERT_F64;
  roi.wide_indices = batch.dtype == EDGERT_I64;
  roi.batch = x.dims[0];
  roi.rows = x.dims[1];
  roi.columns = x.dims[2];
  roi.channels = x.dims[3];
  const int64_t dims[] = {roi.rois, roi.height, roi.width, roi.channels};
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", dims));
  if (size_of(dims) && (roi.rows == 0 || roi.columns == 0)) return invalid("x has no elements to sample");
  return {};
}

}  // namespace edgert
