#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"
#include "ops/reduce.h"

namespace edgert::cl {
namespace {

Source make_source(Planner& planner, const NodeArgs& args, const AxisParams& p) {
  Source source = planner.source();
  const char* y = storage_text(args.outputs[0].dtype);
  source.define("TYPE", type_text(p.dtype)).define("LOAD_X", std::string("load_") + storage_text(p.dtype));
  source.define("STORE_Y", std::string("store_") + y).define("SELECT_LAST", p.last).define("PRODUCT", p.prod);
  source.define("BETTER", std::string(p.min ? "<" : ">") + (p.last ? "=" : ""));
  return source.file("along");
}

Status plan_arg_reduce(Planner& planner, const NodeArgs& args) {
  AxisParams p;
  EDGERT_TRY(parse_arg_reduce(args, p));
  if (p.outer * p.inner == 0) return {};
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, args, p), "arg_reduce", launch));
  launch->output(0).input(0).integer(p.outer).integer(p.n).integer(p.inner);
  launch->spread(p.inner, p.outer);
  return {};
}

Status plan_cumulative(Planner& planner, const NodeArgs& args) {
  AxisParams p;
  EDGERT_TRY(parse_cumulative(args, p));
  if (p.outer * p.n * p.inner == 0) return {};
  Launch* launch;
  EDGERT_TRY(planner.launch(make_source(planner, args, p), "cumulative", launch));
  launch->output(0).input(0).integer(p.outer).integer(p.n).integer(p.inner);
  launch->integer(p.exclusive).integer(p.reverse);
  launch->spread(p.inner, p.outer);
  return {};
}

}  // namespace

extern const Family arg_reduce_family = {"arg_reduce", supports_number, plan_arg_reduce};
extern const Family cumulative_family = {"cumulative", supports_number, plan_cumulative};

}  // namespace edgert::cl
