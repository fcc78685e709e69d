#include "ops/softmax.h"

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

Status plan(Planner& planner, const NodeArgs& args) {
  SoftmaxParams p;
  EDGERT_TRY(parse_softmax(args, p));
  if (p.outer * p.n * p.inner == 0) return {};
  const int64_t dims[] = {p.outer, p.n, p.inner};
  const AxisWalks walks = walk_axes(dims, 1u << 1);
  Source source = planner.source();
  define_axes(planner.device(), source, walks);
  source.define("TYPE", type_text(p.dtype)).define("SOFTMAX_LOG", p.log);
  source.define("LOAD_X", std::string("load_") + storage_text(p.dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(p.dtype));
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("softmax"), "softmax", launch));
  launch->output(0).input(0);
  axes_arguments(*launch, walks);
  axes_range(planner.device(), *launch, walks);
  return {};
}

}  // namespace

extern const Family softmax_family = {"softmax", supports_number, plan};

}  // namespace edgert::cl
