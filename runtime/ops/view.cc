#include "ops/view.h"

namespace edgert {
namespace {

// x and the result have one element type that memory can be copied in, and x is row-major.
Status expect_copyable(const NodeArgs& args, const edgert_operand& x) {
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  if (item_size(x.dtype) == 0) return unsupported("elements of type %s", dtype_name(x.dtype));
  return {};
}

void dense_strides(const edgert_operand& x, int64_t* strides) {
  int64_t stride = 1;
  for (int32_t i = x.rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= x.dims[i] ? x.dims[i] : 1;
  }
}

// The result's dims into `view`, and the shared checks.
Status start_view(const NodeArgs& args, StridedView& view) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  EDGERT_TRY(expect_copyable(args, args.inputs[0]));
  const edgert_operand& out = args.outputs[0];
  view = {};
  view.rank = out.rank;
  view.item = static_cast<int32_t>(item_size(out.dtype));
  for (int32_t i = 0; i < out.rank; i++) view.dims[i] = out.dims[i];
  return {};
}

}  // namespace

Status parse_transpose(const NodeArgs& args, StridedView& view) {
  EDGERT_TRY(start_view(args, view));
  const edgert_operand& x = args.inputs[0];
  std::span<const int64_t> perm;
  EDGERT_TRY(read_ints(args, "perm", static_cast<size_t>(x.rank), 0, int64_t{x.rank} - 1, perm));
  int64_t strides[EDGERT_MAX_RANK], dims[EDGERT_MAX_RANK];
  dense_strides(x, strides);
  uint32_t seen = 0;
  for (int32_t i = 0; i < x.rank; i++) {
    seen |= 1u << perm[i];
    dims[i] = x.dims[perm[i]];
    view.strides[i] = strides[perm[i]];
  }
  if (seen != (1u << x.rank) - 1) return invalid("attribute perm names an axis twice");
  return expect_shape(args, args.outputs[0], "the result", {dims, static_cast<size_t>(x.rank)});
}

Status parse_slice(const NodeArgs& args, StridedView& view) {
  EDGERT_TRY(start_view(args, view));
  const edgert_operand& x = args.inputs[0];
  const size_t rank = static_cast<size_t>(x.rank);
  std::span<const int64_t> starts, steps;
  EDGERT_TRY(read_ints(args, "starts", rank, INT64_MIN, INT64_MAX, starts));
  EDGERT_TRY(read_ints(args, "steps", rank, INT64_MIN + 1, INT64_MAX, steps));
  EDGERT_TRY(expect_rank(args, args.outputs[0], "the result", x.rank));
  int64_t strides[EDGERT_MAX_RANK];
  dense_strides(x, strides);
  const bool empty = size_of(shape_of(args.outputs[0])) == 0;
  for (size_t i = 0; i < rank && !empty; i++) {
    int64_t span, last;
    if (!multiply(view.dims[i] - 1, steps[i], span) || !add(starts[i], span, last) || starts[i] < 0 ||
        starts[i] >= x.dims[i] || last < 0 || last >= x.dims[i])
      return invalid("axis %zu: %lld elements from %lld by %lld, expected all within [0, %lld)", i,
                     static_cast<long long>(view.dims[i]), static_cast<long long>(starts[i]),
                     static_cast<long long>(steps[i]), static_cast<long long>(x.dims[i]));
    view.offset += starts[i] * strides[i];
    view.strides[i] = view.dims[i] == 1 ? 0 : steps[i] * strides[i];
  }
  return {};
}

Status parse_expand(const NodeArgs& args, StridedView& view) {
  EDGERT_TRY(start_view(args, view));
  return broadcast_strides(args, args.inputs[0], "x", shape_of(args.outputs[0]), view.strides);
}

Status parse_bitcast(const NodeArgs& args, StridedView& view) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_shape(args, out, "the result", shape_of(x)));
  const size_t item = item_size(x.dtype);
  if (item == 0 || item != item_size(out.dtype))
    return invalid("%s and %s have different sizes", dtype_name(x.dtype), dtype_name(out.dtype));
  view = {1, static_cast<int32_t>(item), 0, {size_of(shape_of(x))}, {1}};
  return {};
}

Status parse_pad(const NodeArgs& args, PadParams& pad) {
  EDGERT_TRY(expect_operands(args, 1, 2, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_copyable(args, x));
  pad = {};
  const std::string_view kind = args.node.string("kind");
  if (kind == "constant") pad.kind = PadKind::kConstant;
  else if (kind == "edge") pad.kind = PadKind::kEdge;
  else if (kind == "reflect") pad.kind = PadKind::kReflect;
  else if (kind == "wrap") pad.kind = PadKind::kWrap;
  else
    return invalid("attribute kind is '%.*s', expected constant, edge, reflect or wrap", int(kind.size()),
                   kind.data());
  std::span<const int64_t> pads;
  EDGERT_TRY(read_ints(args, "pads", 2 * static_cast<size_t>(x.rank), 0, INT64_MAX, pads));
  EDGERT_TRY(expect_rank(args, out, "the result", x.rank));
  pad.rank = x.rank;
  pad.item = static_cast<int32_t>(item_size(x.dtype));
  const bool empty = size_of(shape_of(out)) == 0;
  for (int32_t i = 0; i < x.rank; i++) {
    int64_t padded;
    if (!add(x.dims[i], pads[i], padded) || !add(padded, pads[i + x.rank], padded) || padded != out.dims[i])
      return invalid("axis %d: %lld elements padded by %lld and %lld, got %lld", i,
                     static_cast<long long>(x.dims[i]), static_cast<long long>(pads[i]),
                     static_cast<long long>(pads[i + x.rank]), static_cast<long long>(out.dims[i]));
    if (pad.kind != PadKind::kConstant && x.dims[i] == 0 && !empty)
      return invalid("axis %d is empty: it has no elements to pad with", i);
    pad.in[i] = x.dims[i];
    pad.out[i] = out.dims[i];
    pad.before[i] = pads[i];
  }
  pad.has_fill = args.has_input(1);
  if (!pad.has_fill) return {};
  EDGERT_TRY(expect_plain(args, args.inputs[1], "the fill"));
  EDGERT_TRY(expect_dtype(args, args.inputs[1], "the fill", x.dtype));
  if (size_of(shape_of(args.inputs[1])) != 1) return invalid("the fill is no scalar");
  return {};
}

int64_t pad_source(PadKind kind, int64_t i, int64_t before, int64_t in) {
  const int64_t at = i - before;
  if (at >= 0 && at < in) return at;
  switch (kind) {
    case PadKind::kConstant: return -1;
    case PadKind::kEdge: return at < 0 ? 0 : in - 1;
    case PadKind::kWrap: return (at % in + in) % in;
    case PadKind::kReflect: break;
  }
  if (in == 1) return 0;
  const int64_t period = 2 * (in - 1), phase = (at % period + period) % period;
  return phase < in ? phase : period - phase;
}

Status parse_concat(const NodeArgs& args, ConcatParams& concat) {
  EDGERT_TRY(expect_operands(args, args.inputs.size(), args.inputs.size(), 1));
  if (args.inputs.empty()) return invalid("no operands, expected at least one");
  const edgert_operand& out = args.outputs[0];
  EDGERT_TRY(read_axis(args, "axis", out.rank, concat.axis));
  int64_t total = 0;
  for (const edgert_operand& x : args.inputs) {
    EDGERT_TRY(expect_copyable(args, x));
    EDGERT_TRY(expect_rank(args, x, "an operand", out.rank));
    for (int32_t i = 0; i < out.rank; i++)
      if (i != concat.axis && x.dims[i] != out.dims[i])
        return invalid("axis %d of an operand is %lld, expected %lld", i, static_cast<long long>(x.dims[i]),
                       static_cast<long long>(out.dims[i]));
    if (!add(total, x.dims[concat.axis], total)) return invalid("the result is too large");
  }
  if (total != out.dims[concat.axis])
    return invalid("axis %lld of the result is %lld, expected the operands' sum %lld",
                   static_cast<long long>(concat.axis), static_cast<long long>(out.dims[concat.axis]),
                   static_cast<long long>(total));
  const auto dims = shape_of(out);
  const size_t axis = static_cast<size_t>(concat.axis);
  concat.outer = size_of(dims.first(axis));
  if (!multiply(size_of(dims.subspan(axis + 1)), static_cast<int64_t>(item_size(out.dtype)), concat.inner))
    return invalid("the result is too large");
  return {};
}

Status parse_iota(const NodeArgs& args, IotaParams& iota) {
  EDGERT_TRY(expect_operands(args, 0, 0, 1));
  const edgert_operand& out = args.outputs[0];
  EDGERT_TRY(read_int(args, "count", 0, INT64_MAX, iota.count));
  iota.dtype = out.dtype;
  return expect_shape(args, out, "the result", {&iota.count, 1});
}

Status parse_extents(const NodeArgs& args, std::span<const int64_t>& values) {
  EDGERT_TRY(expect_operands(args, 0, 0, 1));
  const edgert_operand& out = args.outputs[0];
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_I64));
  const size_t count = static_cast<size_t>(size_of(shape_of(out)));
  return read_ints(args, "values", count, INT64_MIN, INT64_MAX, values);
}

}  // namespace edgert
