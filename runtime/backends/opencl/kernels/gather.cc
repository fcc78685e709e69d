#include "backends/opencl/kernels/gather.h"

#include "backends/opencl/kernels/view.h"

namespace edgert::cl {
namespace {

Source make_source(Planner& planner, size_t item, bool wide) {
  Source source = planner.source();
  source.define("ELEMENT", element_text(item)).define("INDEX", index_text(wide));
  return source.file("gather");
}

Status plan_gather(Planner& planner, const NodeArgs& args) {
  GatherParams p;
  EDGERT_TRY(parse_gather(args, p));
  if (p.batch * p.outer * p.count * p.inner == 0) return {};
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, static_cast<size_t>(p.item), p.wide), "gather", launch));
  launch->output(0).input(0).input(1).flag(planner.node());
  launch->integer(p.outer).integer(p.n).integer(p.inner).integer(p.count);
  launch->spread(p.inner, p.outer * p.count, p.batch);
  return {};
}

Status plan_elements(Planner& planner, const NodeArgs& args) {
  ElementsParams p;
  EDGERT_TRY(parse_gather_elements(args, p));
  if (p.count == 0) return {};
  const auto rank = static_cast<size_t>(p.rank);
  int64_t others[EDGERT_MAX_RANK];
  for (size_t axis = 0; axis < rank; axis++)
    others[axis] = static_cast<int64_t>(axis) == p.axis ? 0 : p.strides[axis];
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, item_size(p.dtype), p.wide), "gather_elements", launch));
  launch->output(0).input(0).input(1).flag(planner.node());
  launch->value(make_walk({p.dims, rank}, {others, rank}))
      .integer(p.n)
      .integer(p.axis_stride)
      .integer(p.count);
  launch->spread(p.count);
  return {};
}

Status plan_nd(Planner& planner, const NodeArgs& args) {
  NdParams p;
  EDGERT_TRY(parse_gather_nd(args, p));
  if (p.batch * p.count * p.inner == 0) return {};
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, item_size(p.dtype), p.wide), "gather_nd", launch));
  launch->output(0).input(0).input(1).flag(planner.node());
  launch->value(make_tuples(p)).integer(p.elements / p.batch).integer(p.inner).integer(p.count);
  launch->spread(p.inner, p.count, p.batch);
  return {};
}

}  // namespace

extern const Family gather_family = {"gather", supports_movement, plan_gather};
extern const Family gather_elements_family = {"gather_elements", supports_movement, plan_elements};
extern const Family gather_nd_family = {"gather_nd", supports_movement, plan_nd};

}  // namespace edgert::cl
