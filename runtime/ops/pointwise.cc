#include "ops/pointwise.h"

namespace edgert {
namespace {

Status add_operand(Pointwise& out, int32_t dtype, int32_t expected) {
  if (compute_dtype(dtype) != expected)
    return invalid("operand %d of the program is %s, the program expects %s", out.count, dtype_name(dtype),
                   dtype_name(expected));
  out.dtypes[out.count++] = dtype;
  return {};
}

void dense_strides(const Pointwise& pointwise, int64_t* strides) {
  int64_t stride = 1;
  for (int axis = pointwise.rank - 1; axis >= 0; axis--) {
    strides[axis] = pointwise.dims[axis] == 1 ? 0 : stride;
    stride *= pointwise.dims[axis];
  }
}

}  // namespace

Status parse_pointwise(const NodeArgs& args, const char* attribute, size_t first, int32_t accumulator,
                       Pointwise& out) {
  const edgert_operand& result = args.outputs[0];
  out = {};
  out.program = args.node.program(attribute);
  out.rank = result.rank;
  out.result = result.dtype;
  for (int i = 0; i < result.rank; i++) out.dims[i] = result.dims[i];
  if (!out.program && !accumulator) return invalid("attribute %s is missing", attribute);

  const size_t extra = args.inputs.size() > first ? args.inputs.size() - first : 0;
  const size_t count = extra + (accumulator ? 1 : 0);
  const size_t wanted = out.program ? out.program->operands.size() : 1;
  if (count != wanted || count > kMaxProgramOperands)
    return invalid("the program takes %zu operands, got %zu", wanted, count);
  auto expected = [&](int32_t i) { return out.program ? out.program->operands[i] : accumulator; };
  if (accumulator) {
    dense_strides(out, out.strides[0]);
    EDGERT_TRY(add_operand(out, accumulator, expected(0)));
  }
  for (size_t i = first; i < args.inputs.size(); i++) {
    if (!args.has_input(i)) return invalid("operand %zu is missing", i);
    EDGERT_TRY(expect_plain(args, args.inputs[i], "an operand of the program"));
    EDGERT_TRY(broadcast_strides(args, args.inputs[i], "an operand of the program", shape_of(result),
                                 out.strides[out.count]));
    EDGERT_TRY(add_operand(out, args.inputs[i].dtype, expected(out.count)));
  }
  const int32_t computed = out.program ? out.program->result_dtype() : accumulator;
  if (compute_dtype(result.dtype) != computed)
    return invalid("the program gives %s, the result is %s", dtype_name(computed), dtype_name(result.dtype));
  return {};
}

void collapse(Pointwise& pointwise) {
  int32_t rank = 0;
  for (int32_t axis = 0; axis < pointwise.rank; axis++) {
    const int64_t size = pointwise.dims[axis];
    if (size == 1) continue;
    bool merges = rank > 0;
    for (int i = 0; merges && i < pointwise.count; i++)
      merges = pointwise.strides[i][rank - 1] == pointwise.strides[i][axis] * size;
    if (!merges) pointwise.dims[rank++] = 1;
    pointwise.dims[rank - 1] *= size;
    for (int i = 0; i < pointwise.count; i++) pointwise.strides[i][rank - 1] = pointwise.strides[i][axis];
  }
  pointwise.rank = rank;
}

}  // namespace edgert
