#include "ops/conv.h"

#include <algorithm>
#include <string_view>

namespace edgert {
namespace {

constexpr int64_t kLargest = int64_t{1} << 40;
constexpr int64_t kMostTaps = int64_t{1} << 24;

Status read_geometry(const NodeArgs& args, ConvParams& out) {
  EDGERT_TRY(expect_operands(args, 2, 2 + kMaxProgramOperands, 1));
  const auto &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
  if (x.rank < 3 || x.rank > EDGERT_MAX_RANK)
    return invalid("operand 0 has rank %d, expected 3 to 12", x.rank);
  EDGERT_TRY(expect_rank(args, w, "operand 1", x.rank));
  EDGERT_TRY(expect_rank(args, y, "the result", x.rank));
  out.spatial = x.rank - 2;
  const size_t n = static_cast<size_t>(out.spatial);
  std::span<const int64_t> strides, dilations, pads;
  EDGERT_TRY(read_ints(args, "strides", n, 1, kLargest, strides));
  EDGERT_TRY(read_ints(args, "dilations", n, 1, kLargest, dilations));
  EDGERT_TRY(read_ints(args, "pads", 2 * n, 0, kLargest, pads));
  EDGERT_TRY(read_int(args, "groups", 1, kLargest, out.groups));
  int64_t accumulator;
  EDGERT_TRY(read_int(args, "accumulator", 0, 255, accumulator));
  out.accumulator = static_cast<int32_t>(accumulator);
  out.batch = x.dims[0];
  out.channels = x.dims[n + 1];
  out.outputs = w.dims[0];
  out.taps = 1;
  for (size_t i = 0; i < n; i++) {
    out.input[i] = x.dims[i + 1];
    out.output[i] = y.dims[i + 1];
    out.kernel[i] = w.dims[i + 1];
    out.strides[i] = strides[i];
    out.dilations[i] = dilations[i];
    out.pads[i] = pads[i];
    out.taps *= out.kernel[i];
  }
  // Where a weight has no elements its other dims may be anything; lists of taps are made from them.
  if (out.taps > kMostTaps) return unsupported("a kernel of %lld taps", static_cast<long long>(out.taps));
  if (y.dims[0] != out.batch || y.dims[n + 1] != out.outputs)
    return invalid("the result has batch %lld and %lld channels, expected %lld and %lld",
                   static_cast<long long>(y.dims[0]), static_cast<long long>(y.dims[n + 1]),
                   static_cast<long long>(out.batch), static_cast<long long>(out.outputs));
  if (out.channels % out.groups || out.outputs % out.groups || w.dims[n + 1] != out.channels / out.groups)
    return invalid("%lld channels in %lld groups to %lld, with %lld channels in the weight",
                   static_cast<long long>(out.channels), static_cast<long long>(out.groups),
                   static_cast<long long>(out.outputs), static_cast<long long>(w.dims[n + 1]));
  EDGERT_TRY(expect_plain(args, x, "operand 0"));
  return parse_pointwise(args, "epilogue", 2, out.accumulator, out.epilogue);
}

// The size that a kernel of `kernel` taps, `dilation` apart, spans.
bool span_of(int64_t kernel, int64_t dilation, int64_t& out) {
  return kernel >= 1 && multiply(kernel - 1, dilation, out) && add(out, 1, out);
}

Status size_error(size_t axis, int64_t got, int64_t expected) {
  return invalid("spatial axis %zu of the result has size %lld, expected %lld", axis,
                 static_cast<long long>(got), static_cast<long long>(expected));
}

Status check_conv_sizes(const ConvParams& p, std::span<const int64_t> pads) {
  for (size_t i = 0; i < static_cast<size_t>(p.spatial); i++) {
    int64_t span, padded;
    if (!span_of(p.kernel[i], p.dilations[i], span) || !add(p.input[i], pads[i], padded) ||
        !add(padded, pads[i + p.spatial], padded))
      return invalid("spatial axis %zu: kernel or pads out of range", i);
    const int64_t expected = padded < span ? 0 : (padded - span) / p.strides[i] + 1;
    if (p.output[i] != expected) return size_error(i, p.output[i], expected);
  }
  return {};
}

Status check_transposed_sizes(const ConvParams& p, std::span<const int64_t> pads,
                              std::span<const int64_t> extra) {
  for (size_t i = 0; i < static_cast<size_t>(p.spatial); i++) {
    int64_t span, size;
    if (!span_of(p.kernel[i], p.dilations[i], span) || !multiply(p.input[i] - 1, p.strides[i], size) ||
        !add(size, span, size) || !add(size, extra[i], size))
      return invalid("spatial axis %zu: kernel or strides out of range", i);
    size -= pads[i] + pads[i + p.spatial];
    if (p.input[i] < 1 || p.output[i] != size) return size_error(i, p.output[i], size);
  }
  return {};
}

Status read_panels(const NodeArgs& args, ConvParams& out) {
  const auto& w = args.inputs[1];
  const int64_t groups = w.form_param_count ? w.form_params[0] : 0;
  if (groups < 1 || out.groups % groups)
    return invalid("panels of %lld groups for %lld", static_cast<long long>(groups),
                   static_cast<long long>(out.groups));
  out.merged = out.groups / groups;
  const int64_t n = out.outputs / groups;
  int64_t elements, k;
  if (!multiply(out.taps, out.channels / groups, k)) return invalid("panels are too large");
  const int64_t params[] = {groups, k, n, 16};
  const int64_t counts[] = {groups, (n + 15) / 16 * 16, k};
  if (!product(counts, elements)) return invalid("panels are too large");
  out.form = WeightForm::kPanels;
  return expect_form(args, w, params, elements);
}

const int8_t* find_dot(const edgert_operand& w, const ConvParams& p) {
  const size_t last = static_cast<size_t>(p.spatial) - 1;
  int64_t row;
  if (p.groups != 1 || p.dilations[last] != 1 || !multiply(p.kernel[last], p.channels, row)) return nullptr;
  return find_dot_form(w, p.taps / p.kernel[last], row, p.outputs);
}

// The transformed weight, where there is one of the right size; a file may hold anything under that name.
const float* find_winograd(const edgert_operand& w, const ConvParams& p) {
  const int64_t params[] = {4, p.channels, p.outputs, 16};
  const int64_t counts[] = {36, (p.outputs + 15) / 16 * 16, p.channels, sizeof(float)};
  int64_t bytes;
  if (w.dtype != EDGERT_F32 || p.groups != 1 || p.taps != 9 || !product(counts, bytes)) return nullptr;
  for (uint64_t i = 0; i < w.form_count; i++) {
    const edgert_form& form = w.forms[i];
    if (std::string_view(form.kind) == "winograd" && form.bytes == static_cast<uint64_t>(bytes) &&
        std::ranges::equal(std::span(form.params, form.param_count), params))
      return static_cast<const float*>(form.data);
  }
  return nullptr;
}

}  // namespace

Status parse_conv(const NodeArgs& args, ConvParams& out) {
  out = {};
  EDGERT_TRY(read_geometry(args, out));
  EDGERT_TRY(check_conv_sizes(out, args.node.ints("pads")));
  const auto& w = args.inputs[1];
  out.winograd = find_winograd(w, out);
  out.dot = find_dot(w, out);
  if (has_form(w, "panels")) return read_panels(args, out);
  if (!has_form(w, "depthwise")) return expect_plain(args, w, "operand 1");
  if (out.groups != out.channels || out.outputs != out.channels)
    return invalid("a depthwise weight for %lld groups of %lld channels", static_cast<long long>(out.groups),
                   static_cast<long long>(out.channels));
  const int64_t params[] = {out.channels, out.taps, 16};
  int64_t elements;
  const int64_t counts[] = {(out.channels + 15) / 16 * 16, out.taps};
  if (!product(counts, elements)) return invalid("the weight is too large");
  out.form = WeightForm::kDepthwise;
  return expect_form(args, w, params, elements);
}

Status parse_conv_transpose(const NodeArgs& args, ConvParams& out) {
  out = {};
  EDGERT_TRY(read_geometry(args, out));
  int64_t none[kMaxSpatial] = {};
  std::span<const int64_t> extra(none, static_cast<size_t>(out.spatial));
  if (!args.node.ints("output_padding").empty())
    EDGERT_TRY(read_ints(args, "output_padding", static_cast<size_t>(out.spatial), 0, kLargest, extra));
  EDGERT_TRY(check_transposed_sizes(out, args.node.ints("pads"), extra));
  const auto& w = args.inputs[1];
  if (!has_form(w, "taps")) return expect_plain(args, w, "operand 1");
  const int64_t inputs = out.channels / out.groups, outputs = out.outputs / out.groups;
  const int64_t params[] = {out.groups, out.taps, inputs, outputs, 16};
  int64_t elements;
  const int64_t counts[] = {out.groups, out.taps, inputs, (outputs + 15) / 16 * 16};
  if (!product(counts, elements)) return invalid("the weight is too large");
  out.form = WeightForm::kTaps;
  return expect_form(args, w, params, elements);
}

}  // namespace edgert
