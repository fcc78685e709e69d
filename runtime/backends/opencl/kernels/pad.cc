#include "backends/opencl/kernels/view.h"

namespace edgert::cl {
namespace {

struct PadShape {
  int32_t rank;
  int32_t in[EDGERT_MAX_RANK], out[EDGERT_MAX_RANK], before[EDGERT_MAX_RANK];
};

Status plan(Planner& planner, const NodeArgs& args) {
  PadParams pad;
  EDGERT_TRY(parse_pad(args, pad));
  PadShape shape{pad.rank, {}, {}, {}};
  for (int axis = 0; axis < pad.rank; axis++) {
    shape.in[axis] = static_cast<int32_t>(pad.in[axis]);
    shape.out[axis] = static_cast<int32_t>(pad.out[axis]);
    shape.before[axis] = static_cast<int32_t>(pad.before[axis]);
  }
  const int64_t total = size_of({pad.out, static_cast<size_t>(pad.rank)});
  if (total == 0) return {};
  Source source = planner.source();
  source.define("ELEMENT", element_text(static_cast<size_t>(pad.item)));
  source.define("PAD_KIND", static_cast<int64_t>(pad.kind)).define("HAS_FILL", pad.has_fill).file("pad");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "pad", launch));
  launch->output(0).input(0).input(pad.has_fill ? 1 : 0).value(shape).integer(total);
  launch->spread(total);
  return {};
}

}  // namespace

extern const Family pad_family = {"pad", supports_movement, plan};

}  // namespace edgert::cl
