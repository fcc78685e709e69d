// bitcast: the same bytes as another type of the same size.
#include <cstring>

#include "backends/cpu/kernels/kernel.h"
#include "ops/view.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_bitcast(const NodeArgs& args, edgert_plan& plan) {
  StridedView* view = new_state<StridedView>(&plan);
  return view ? parse_bitcast(args, *view) : no_memory();
}

Status run_bitcast(const StridedView& view, const edgert_call& call) {
  const size_t bytes = static_cast<size_t>(view.dims[0] * view.item);
  if (bytes) std::memcpy(call.outputs[0], call.inputs[0], bytes);
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel bitcast_kernel = make_kernel<StridedView, plan_bitcast, run_bitcast>("bitcast");

}  // namespace edgert
