#include "ops/gather.h"

namespace edgert {
namespace {

// x and indices are row-major, the result has x's type, and elements can be copied.
Status expect_indexed(const NodeArgs& args, size_t operands, bool& wide) {
  EDGERT_TRY(expect_operands(args, operands, operands, 1));
  for (const edgert_operand& operand : args.inputs) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  const int32_t type = args.inputs[1].dtype;
  if (type != EDGERT_I32 && type != EDGERT_I64)
    return invalid("indices are %s, expected i32 or i64", dtype_name(type));
  wide = type == EDGERT_I64;
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", args.inputs[0].dtype));
  if (operands > 2) EDGERT_TRY(expect_dtype(args, args.inputs[2], "updates", args.inputs[0].dtype));
  if (item_size(args.inputs[0].dtype) == 0)
    return unsupported("elements of type %s", dtype_name(args.inputs[0].dtype));
  return {};
}

// The shape `parts`, joined, is that of the result.
Status expect_joined(const NodeArgs& args, const edgert_operand& operand, const char* what,
                     std::initializer_list<std::span<const int64_t>> parts) {
  int64_t dims[EDGERT_MAX_RANK];
  size_t rank = 0;
  for (auto part : parts)
    for (int64_t d : part) {
      if (rank == EDGERT_MAX_RANK) return invalid("%s would have a rank above %d", what, EDGERT_MAX_RANK);
      dims[rank++] = d;
    }
  return expect_shape(args, operand, what, {dims, rank});
}

Status expect_same_batch(const edgert_operand& x, const edgert_operand& indices, int64_t batch_dims) {
  for (int64_t i = 0; i < batch_dims; i++)
    if (x.dims[i] != indices.dims[i])
      return invalid("batch axis %lld is %lld in x, %lld in the indices", static_cast<long long>(i),
                     static_cast<long long>(x.dims[i]), static_cast<long long>(indices.dims[i]));
  return {};
}

Status read_reduction(const NodeArgs& args, ScatterReduction& reduction) {
  static constexpr std::string_view kNames[] = {"none", "add", "mul", "max", "min"};
  const std::string_view name = args.node.string("reduction");
  for (int32_t i = 0; i < 5; i++)
    if (name == kNames[i]) {
      reduction = static_cast<ScatterReduction>(i);
      return {};
    }
  return invalid("attribute reduction is '%.*s', expected none, add, mul, max or min", int(name.size()),
                 name.data());
}

// Everything of ElementsParams but the reduction; `indices` are no larger than x but along the axis.
Status read_elements(const NodeArgs& args, ElementsParams& params) {
  const edgert_operand &x = args.inputs[0], &indices = args.inputs[1];
  EDGERT_TRY(expect_rank(args, indices, "the indices", x.rank));
  EDGERT_TRY(read_axis(args, "axis", x.rank, params.axis));
  params.dtype = x.dtype;
  params.rank = x.rank;
  params.elements = size_of(shape_of(x));
  params.count = size_of(shape_of(indices));
  int64_t stride = 1;
  for (int32_t i = x.rank - 1; i >= 0; i--) {
    if (i != params.axis && indices.dims[i] > x.dims[i])
      return invalid("axis %d of the indices is %lld, expected at most %lld", i,
                     static_cast<long long>(indices.dims[i]), static_cast<long long>(x.dims[i]));
    params.dims[i] = indices.dims[i];
    params.strides[i] = stride;
    stride *= x.dims[i] ? x.dims[i] : 1;
  }
  params.n = x.dims[params.axis];
  params.axis_stride = params.strides[params.axis];
  params.strides[params.axis] = 0;
  return {};
}

// Everything of NdParams but the reduction, for x with `batch_dims` leading batch axes.
Status read_nd(const NodeArgs& args, int64_t batch_dims, NdParams& params) {
  const edgert_operand &x = args.inputs[0], &indices = args.inputs[1];
  if (indices.rank < 1 || batch_dims >= indices.rank || batch_dims > x.rank)
    return invalid("%lld batch axes do not fit x and the indices", static_cast<long long>(batch_dims));
  EDGERT_TRY(expect_same_batch(x, indices, batch_dims));
  params.dtype = x.dtype;
  params.elements = size_of(shape_of(x));
  params.depth = indices.dims[indices.rank - 1];
  if (params.depth > x.rank - batch_dims)
    return invalid("index tuples have %lld entries, expected at most %lld",
                   static_cast<long long>(params.depth), static_cast<long long>(x.rank - batch_dims));
  const auto shape = shape_of(x), index_shape = shape_of(indices);
  const size_t batch = static_cast<size_t>(batch_dims), depth = static_cast<size_t>(params.depth);
  params.batch = size_of(shape.first(batch));
  params.count = size_of(index_shape.subspan(batch, index_shape.size() - 1 - batch));
  params.inner = size_of(shape.subspan(batch + depth));
  int64_t stride = params.inner;
  for (size_t i = depth; i-- > 0;) {
    params.sizes[i] = shape[batch + i];
    params.strides[i] = stride;
    stride *= shape[batch + i] ? shape[batch + i] : 1;
  }
  return {};
}

}  // namespace

Status parse_gather(const NodeArgs& args, GatherParams& gather) {
  EDGERT_TRY(expect_indexed(args, 2, gather.wide));
  const edgert_operand &x = args.inputs[0], &indices = args.inputs[1];
  int64_t axis, batch_dims;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  EDGERT_TRY(read_int(args, "batch_dims", 0, axis, batch_dims));
  if (batch_dims > indices.rank) return invalid("more batch axes than the indices have");
  EDGERT_TRY(expect_same_batch(x, indices, batch_dims));
  const auto shape = shape_of(x), index_shape = shape_of(indices);
  const size_t at = static_cast<size_t>(axis), batch = static_cast<size_t>(batch_dims);
  gather.item = static_cast<int32_t>(item_size(x.dtype));
  gather.batch = size_of(shape.first(batch));
  gather.outer = size_of(shape.subspan(batch, at - batch));
  gather.n = shape[at];
  gather.inner = size_of(shape.subspan(at + 1));
  gather.count = size_of(index_shape.subspan(batch));
  return expect_joined(args, args.outputs[0], "the result",
                       {shape.first(at), index_shape.subspan(batch), shape.subspan(at + 1)});
}

Status parse_gather_elements(const NodeArgs& args, ElementsParams& params) {
  EDGERT_TRY(expect_indexed(args, 2, params.wide));
  EDGERT_TRY(read_elements(args, params));
  return expect_shape(args, args.outputs[0], "the result", shape_of(args.inputs[1]));
}

Status parse_scatter_elements(const NodeArgs& args, ElementsParams& params) {
  EDGERT_TRY(expect_indexed(args, 3, params.wide));
  EDGERT_TRY(read_elements(args, params));
  EDGERT_TRY(read_reduction(args, params.reduction));
  EDGERT_TRY(expect_shape(args, args.inputs[2], "updates", shape_of(args.inputs[1])));
  return expect_shape(args, args.outputs[0], "the result", shape_of(args.inputs[0]));
}

Status parse_gather_nd(const NodeArgs& args, NdParams& params) {
  EDGERT_TRY(expect_indexed(args, 2, params.wide));
  int64_t batch_dims;
  EDGERT_TRY(read_int(args, "batch_dims", 0, EDGERT_MAX_RANK, batch_dims));
  EDGERT_TRY(read_nd(args, batch_dims, params));
  const auto shape = shape_of(args.inputs[0]), index_shape = shape_of(args.inputs[1]);
  return expect_joined(args, args.outputs[0], "the result",
                       {index_shape.first(index_shape.size() - 1),
                        shape.subspan(static_cast<size_t>(batch_dims + params.depth))});
}

Status parse_scatter_nd(const NodeArgs& args, NdParams& params) {
  EDGERT_TRY(expect_indexed(args, 3, params.wide));
  EDGERT_TRY(read_nd(args, 0, params));
  EDGERT_TRY(read_reduction(args, params.reduction));
  const auto shape = shape_of(args.inputs[0]), index_shape = shape_of(args.inputs[1]);
  EDGERT_TRY(expect_joined(
      args, args.inputs[2], "updates",
      {index_shape.first(index_shape.size() - 1), shape.subspan(static_cast<size_t>(params.depth))}));
  return expect_shape(args, args.outputs[0], "the result", shape);
}

}  // namespace edgert
