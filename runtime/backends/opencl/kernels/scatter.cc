#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/kernels/gather.h"
#include "backends/opencl/kernels/view.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

const char* combine_text(ScatterReduction reduction) {
  switch (reduction) {
    case ScatterReduction::kAdd: return "(TYPE)((a) + (b))";
    case ScatterReduction::kMul: return "(TYPE)((a) * (b))";
    case ScatterReduction::kMax: return "((a) != (a) || (a) > (b) ? (a) : (b))";
    case ScatterReduction::kMin: return "((a) != (a) || (a) < (b) ? (a) : (b))";
    default: return "(b)";
  }
}

Source make_source(Planner& planner, int32_t dtype, bool wide, ScatterReduction reduction) {
  Source source = planner.source();
  source.define("ELEMENT", element_text(item_size(dtype))).define("INDEX", index_text(wide));
  source.define("TYPE", type_text(dtype)).define("COMBINE(a, b)", combine_text(reduction));
  source.define("LOAD_X", std::string("load_") + storage_text(dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(dtype));
  return source.file("gather").file("scatter");
}

Status copy_all(Planner& planner, int64_t elements, int32_t dtype) {
  StridedView view{1, static_cast<int32_t>(item_size(dtype)), 0, {elements}, {1}};
  return plan_strided(planner, view);
}

Status plan_elements(Planner& planner, const NodeArgs& args) {
  ElementsParams p;
  EDGERT_TRY(parse_scatter_elements(args, p));
  EDGERT_TRY(copy_all(planner, p.elements, p.dtype));
  if (p.count == 0) return {};
  const auto rank = static_cast<size_t>(p.rank), axis = static_cast<size_t>(p.axis);
  int64_t dense[EDGERT_MAX_RANK], stride = 1;
  for (size_t i = rank; i-- > 0; stride *= p.dims[i]) dense[i] = stride;
  const std::span<const int64_t> dims(p.dims, rank);
  const uint32_t along = 1u << axis;
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, p.dtype, p.wide, p.reduction), "scatter_elements", launch));
  launch->output(0).input(1).input(2).flag(planner.node());
  launch->value(walk_along(dims, dense, along, false)).value(walk_along(dims, p.strides, along, false));
  launch->integer(p.n).integer(p.axis_stride).integer(p.count / p.dims[axis]);
  launch->integer(p.dims[axis]).integer(dense[axis]);
  launch->spread(p.count / p.dims[axis]);
  return {};
}

Status plan_nd(Planner& planner, const NodeArgs& args) {
  NdParams p;
  EDGERT_TRY(parse_scatter_nd(args, p));
  EDGERT_TRY(copy_all(planner, p.elements, p.dtype));
  if (p.count * p.inner == 0) return {};
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, p.dtype, p.wide, p.reduction), "scatter_nd", launch));
  launch->output(0).input(1).input(2).flag(planner.node());
  launch->value(make_tuples(p)).integer(p.inner).integer(p.count);
  launch->spread(p.inner);
  return {};
}

}  // namespace

extern const Family scatter_elements_family = {"scatter_elements", supports_number, plan_elements};
extern const Family scatter_nd_family = {"scatter_nd", supports_number, plan_nd};

}  // namespace edgert::cl
