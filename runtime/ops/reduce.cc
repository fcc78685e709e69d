#include "ops/reduce.h"

#include <algorithm>

namespace edgert {
namespace {

// The result of x has x's shape with `axes` removed, or 1 where `keepdims`.
Status expect_reduced(const NodeArgs& args, const edgert_operand& x, uint32_t axes) {
  int64_t keepdims;
  EDGERT_TRY(read_int(args, "keepdims", 0, 1, keepdims));
  int64_t dims[EDGERT_MAX_RANK];
  size_t rank = 0;
  for (int32_t i = 0; i < x.rank; i++) {
    const bool reduced = axes >> i & 1u;
    if (!reduced || keepdims) dims[rank++] = reduced ? 1 : x.dims[i];
  }
  return expect_shape(args, args.outputs[0], "the result", {dims, rank});
}

// x as it is, converted to `dtype`.
Pointwise conversion(const edgert_operand& x, int32_t dtype) {
  Pointwise out;
  out.count = 1;
  out.rank = x.rank;
  out.result = dtype;
  out.dtypes[0] = x.dtype;
  int64_t stride = 1;
  for (int32_t i = x.rank - 1; i >= 0; i--) {
    out.dims[i] = x.dims[i];
    out.strides[0][i] = x.dims[i] == 1 ? 0 : stride;
    stride *= x.dims[i] ? x.dims[i] : 1;
  }
  return out;
}

Status parse_programs(const NodeArgs& args, ReduceParams& reduce) {
  const edgert_operand& x = args.inputs[0];
  const Program* before = args.node.program("prologue");
  reduce.prologue_operands = before ? before->operands.size() : 1;
  if (reduce.prologue_operands > args.inputs.size()) return invalid("the prologue's operands are missing");
  reduce.dtype = before ? before->result_dtype() : compute_dtype(x.dtype);
  reduce.has_prologue = before || x.dtype != reduce.dtype;
  if (before) {
    edgert_operand mapped = x;
    mapped.dtype = reduce.dtype;
    const NodeArgs map = {args.node, args.inputs.first(reduce.prologue_operands), {&mapped, 1}};
    EDGERT_TRY(parse_pointwise(map, "prologue", 0, 0, reduce.prologue));
  } else if (reduce.has_prologue) {
    reduce.prologue = conversion(x, reduce.dtype);
  }
  EDGERT_TRY(parse_pointwise(args, "epilogue", reduce.prologue_operands, reduce.dtype, reduce.epilogue));
  reduce.has_epilogue = reduce.epilogue.program || args.outputs[0].dtype != reduce.dtype;
  return {};
}

struct Axis {
  int64_t size, stride;
  bool reduced;
};

// Innermost first; their number.
int32_t merge_axes(std::span<const int64_t> dims, uint32_t axes, Axis* merged) {
  int32_t n = 0;
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) {
    const bool reduced = axes >> i & 1u;
    if (dims[i] == 1) continue;
    if (n && merged[n - 1].reduced == reduced) merged[n - 1].size *= dims[i];
    else merged[n++] = {dims[i], stride, reduced};
  }
  return n;
}

}  // namespace

AxisSplit split_axes(std::span<const int64_t> dims, uint32_t axes) {
  Axis merged[EDGERT_MAX_RANK];
  const int32_t n = merge_axes(dims, axes, merged);
  AxisSplit split;
  split.inner = n == 0 || merged[0].reduced;
  if (n) split.width = merged[0].size;
  if (split.inner) split.count = split.width;
  int32_t kept = 0, outer = 0;
  for (int32_t i = 1; i < n; i++) (merged[i].reduced ? outer : kept)++;
  split.kept_rank = kept;
  split.outer_rank = std::max(outer - 1, 0);
  bool has_rows = false;
  for (int32_t i = 1; i < n; i++) {
    const Axis& axis = merged[i];
    if (!axis.reduced) {
      split.kept_size[--kept] = axis.size;
      split.kept_stride[kept] = axis.stride;
      split.points *= axis.size;
      continue;
    }
    split.count *= axis.size;
    outer--;
    if (!has_rows) {
      split.rows = axis.size;
      split.row_stride = axis.stride;
      has_rows = true;
    } else {
      split.outer_size[outer] = axis.size;
      split.outer_stride[outer] = axis.stride;
    }
  }
  return split;
}

Status read_axes(const NodeArgs& args, std::string_view name, int32_t rank, uint32_t& axes) {
  const int length = static_cast<int>(name.size());
  axes = 0;
  for (int64_t axis : args.node.ints(name)) {
    if (axis < 0 || axis >= rank || (axes >> axis & 1u))
      return invalid("attribute %.*s names axis %lld, expected each of [0, %d) at most once", length,
                     name.data(), static_cast<long long>(axis), rank);
    axes |= 1u << axis;
  }
  return {};
}

Status parse_reduce(const NodeArgs& args, ReduceParams& reduce) {
  EDGERT_TRY(expect_operands(args, 1, EDGERT_MAX_RANK * 4, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  static constexpr std::string_view kKinds[] = {"sum", "prod", "max", "min", "mean"};
  const std::string_view kind = args.node.string("kind");
  int32_t found = -1;
  for (int32_t i = 0; i < 5; i++)
    if (kind == kKinds[i]) found = i;
  if (found < 0)
    return invalid("attribute kind is '%.*s', expected sum, prod, max, min or mean", int(kind.size()),
                   kind.data());
  reduce.kind = static_cast<ReduceKind>(found);
  uint32_t axes;
  EDGERT_TRY(read_axes(args, "axes", x.rank, axes));
  EDGERT_TRY(expect_reduced(args, x, axes));
  if (args.node.program("prologue") || args.node.program("epilogue")) {
    EDGERT_TRY(parse_programs(args, reduce));
  } else {
    reduce.dtype = x.dtype;
    EDGERT_TRY(expect_operands(args, 1, 1, 1));
    EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  }
  reduce.results = size_of(shape_of(args.outputs[0]));
  reduce.elements = size_of(shape_of(x));
  reduce.count = reduce.elements && reduce.results ? reduce.elements / reduce.results : 0;
  if (reduce.count) reduce.split = split_axes(shape_of(x), axes);
  return {};
}

void split_around(const edgert_operand& operand, int64_t axis, int64_t& outer, int64_t& n, int64_t& inner) {
  const auto dims = shape_of(operand);
  const size_t at = static_cast<size_t>(axis);
  outer = size_of(dims.first(at));
  n = dims[at];
  inner = size_of(dims.subspan(at + 1));
}

Status parse_arg_reduce(const NodeArgs& args, AxisParams& params) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", EDGERT_I64));
  int64_t axis, last;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  EDGERT_TRY(read_int(args, "select_last", 0, 1, last));
  const std::string_view kind = args.node.string("kind");
  if (kind != "max" && kind != "min")
    return invalid("attribute kind is '%.*s', expected max or min", int(kind.size()), kind.data());
  EDGERT_TRY(expect_reduced(args, x, 1u << axis));
  split_around(x, axis, params.outer, params.n, params.inner);
  if (params.n == 0 && size_of(shape_of(args.outputs[0])) != 0)
    return invalid("axis %lld is empty", static_cast<long long>(axis));
  params.min = kind == "min";
  params.last = last;
  params.dtype = x.dtype;
  return {};
}

Status parse_cumulative(const NodeArgs& args, AxisParams& params) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", shape_of(x)));
  int64_t axis, exclusive, reverse;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  EDGERT_TRY(read_int(args, "exclusive", 0, 1, exclusive));
  EDGERT_TRY(read_int(args, "reverse", 0, 1, reverse));
  const std::string_view kind = args.node.string("kind");
  if (kind != "sum" && kind != "prod")
    return invalid("attribute kind is '%.*s', expected sum or prod", int(kind.size()), kind.data());
  split_around(x, axis, params.outer, params.n, params.inner);
  params.prod = kind == "prod";
  params.exclusive = exclusive;
  params.reverse = reverse;
  params.dtype = x.dtype;
  return {};
}

}  // namespace edgert
