#include "ops/resize.h"

#include <algorithm>

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

constexpr int kSpan = 4;  // neighbouring axes that the kernel resamples

struct Int4 {
  int32_t v[4];
};

// The axes from the first resampled one to the last; those between with one tap each.
struct Span {
  int64_t outer = 1, inner = 1;
  Int4 in{{1, 1, 1, 1}}, out{{1, 1, 1, 1}}, taps{{1, 1, 1, 1}};
  std::vector<int32_t> places;
  std::vector<float> weights;
};

const ResizeAxis* find_axis(const ResizeParams& p, int64_t axis) {
  for (int i = 0; i < p.count; i++)
    if (p.axes[i].axis == axis) return &p.axes[i];
  return nullptr;
}

void add_axis(const ResizeParams& p, const ResizeAxis* axis, int64_t size, int to, Span& span) {
  const int64_t out = axis ? axis->out : size, taps = axis ? axis->taps : 1;
  span.in.v[to] = static_cast<int32_t>(size);
  span.out.v[to] = static_cast<int32_t>(out);
  span.taps.v[to] = static_cast<int32_t>(taps);
  std::vector<int64_t> places(static_cast<size_t>(taps));
  std::vector<double> weights(static_cast<size_t>(taps), 1.0);
  for (int64_t i = 0; i < out; i++) {
    places[0] = i;
    if (axis) resize_taps(p, *axis, i, places.data(), weights.data());
    const bool outside = axis && resize_outside(p, *axis, resize_position(p, *axis, i));
    for (size_t k = 0; k < places.size(); k++)
      span.places.push_back(outside ? -1 : static_cast<int32_t>(places[k]));
    for (double weight : weights) span.weights.push_back(static_cast<float>(weight));
  }
}

Status make_span(const ResizeParams& p, Span& span) {
  int64_t first = p.rank, last = 0;
  for (int i = 0; i < p.count; i++) {
    first = std::min(first, p.axes[i].axis);
    last = std::max(last, p.axes[i].axis);
  }
  if (p.count == 0) first = last = p.rank - 1;
  if (last - first >= kSpan) return unsupported("resize of axes more than 4 apart");
  for (int64_t axis = 0; axis < p.rank; axis++) {
    if (axis < first) span.outer *= p.dims[axis];
    if (axis > last) span.inner *= p.dims[axis];
  }
  for (int to = 0; to < kSpan; to++) {
    const int64_t axis = last - (kSpan - 1 - to);
    const bool within = axis >= first && axis < p.rank;
    add_axis(p, within ? find_axis(p, axis) : nullptr, within ? p.dims[axis] : 1, to, span);
  }
  return {};
}

Status supports(const Device& device, const NodeArgs& args) {
  const int32_t dtype = compute_dtype(args.inputs[0].dtype);
  if (args.node.string("kind") != "nearest" && dtype != EDGERT_F32 && dtype != EDGERT_F64)
    return unsupported("interpolation of %s", dtype_name(dtype));
  if (args.inputs.size() > 1 && args.inputs[1].dtype != 0 && args.inputs[1].data == nullptr)
    return unsupported("a region that is known at run time only");
  const auto axes = args.node.ints("axes");
  if (!axes.empty() &&
      *std::max_element(axes.begin(), axes.end()) - *std::min_element(axes.begin(), axes.end()) >= kSpan)
    return unsupported("resize of axes more than 4 apart");
  return supports_number(device, {args.node, args.inputs.first(1), args.outputs});
}

Status plan(Planner& planner, const NodeArgs& args) {
  ResizeParams p;
  EDGERT_TRY(parse_resize(args, p));
  Span span;
  EDGERT_TRY(make_span(p, span));
  const int64_t rows = span.outer * span.out.v[0] * span.out.v[1] * span.out.v[2] * span.out.v[3];
  if (rows * span.inner == 0) return {};
  size_t places = 0, weights = 0;
  EDGERT_TRY(planner.table(span.places.data(), span.places.size() * sizeof(int32_t), places));
  EDGERT_TRY(planner.table(span.weights.data(), span.weights.size() * sizeof(float), weights));
  Source source = planner.source();
  source.define("TYPE", type_text(p.dtype)).define("NEAREST", p.kind == ResizeKind::kNearest);
  source.define("LOAD_X", std::string("load_") + storage_text(p.dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(p.dtype));
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("resize"), "resize", launch));
  launch->output(0).input(0).table(places).table(weights).integer(span.outer).integer(span.inner);
  launch->value(span.in).value(span.out).value(span.taps).value(static_cast<float>(p.extrapolation));
  launch->spread(span.inner, rows);
  return {};
}

}  // namespace

extern const Family resize_family = {"resize", supports, plan};

}  // namespace edgert::cl
