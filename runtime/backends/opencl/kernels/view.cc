#include "backends/opencl/kernels/view.h"

namespace edgert::cl {

const char* element_text(size_t bytes) {
  switch (bytes) {
    case 1: return "uchar";
    case 2: return "ushort";
    case 4: return "uint";
    case 8: return "ulong";
    default: return "ulong2";
  }
}

Status supports_movement(const Device&, const NodeArgs&) { return {}; }

Status plan_strided(Planner& planner, const StridedView& view) {
  Pointwise p;
  p.rank = view.rank;
  p.count = 1;
  for (int axis = 0; axis < view.rank; axis++) {
    p.dims[axis] = view.dims[axis];
    p.strides[0][axis] = view.strides[axis];
  }
  if (p.size() == 0) return {};
  collapse(p);
  auto size = [&](int from_last) { return from_last < p.rank ? p.dims[p.rank - 1 - from_last] : 1; };
  auto stride = [&](int from_last) { return from_last < p.rank ? p.strides[0][p.rank - 1 - from_last] : 0; };
  const auto outer = static_cast<size_t>(p.rank > 2 ? p.rank - 2 : 0);
  Source source = planner.source();
  source.define("ELEMENT", element_text(static_cast<size_t>(view.item))).file("strided");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "strided", launch));
  launch->output(0).input(0).integer(view.offset).integer(size(0)).integer(size(1)).integer(stride(0));
  launch->integer(stride(1)).value(make_walk({p.dims, outer}, {p.strides[0], outer}));
  launch->spread(size(0), size(1), size_of({p.dims, outer}));
  return {};
}

namespace {

template <Status (*Parse)(const NodeArgs&, StridedView&)>
Status plan_view(Planner& planner, const NodeArgs& args) {
  StridedView view;
  EDGERT_TRY(Parse(args, view));
  return plan_strided(planner, view);
}

Status plan_concat(Planner& planner, const NodeArgs& args) {
  ConcatParams concat;
  EDGERT_TRY(parse_concat(args, concat));
  const edgert_operand& y = args.outputs[0];
  const auto item = static_cast<int64_t>(item_size(y.dtype));
  const int64_t stride = y.dims[concat.axis] * concat.inner / item;
  Source source = planner.source();
  source.define("ELEMENT", element_text(static_cast<size_t>(item))).file("strided");
  int64_t offset = 0;
  for (size_t i = 0; i < args.inputs.size(); i++) {
    const int64_t run = args.inputs[i].dims[concat.axis] * concat.inner / item;
    if (run == 0 || concat.outer == 0) continue;
    Launch* launch;
    EDGERT_TRY(planner.launch(source, "place", launch));
    launch->output(0).input(i).integer(run).integer(concat.outer).integer(offset).integer(stride);
    launch->spread(run, concat.outer);
    offset += run;
  }
  return {};
}

}  // namespace

extern const Family transpose_family = {"transpose", supports_movement, plan_view<parse_transpose>};
extern const Family slice_family = {"slice", supports_movement, plan_view<parse_slice>};
extern const Family expand_family = {"expand", supports_movement, plan_view<parse_expand>};
extern const Family bitcast_family = {"bitcast", supports_movement, plan_view<parse_bitcast>};
extern const Family concat_family = {"concat", supports_movement, plan_concat};

}  // namespace edgert::cl
