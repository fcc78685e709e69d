// box, unbox, has_element.
#include "backends/cpu/kernels/items.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_box(const NodeArgs& args, edgert_plan& plan) {
  auto* box = new_state<BoxParams>(&plan);
  return box ? parse_box(args, *box) : no_memory();
}

Status run_box(const BoxParams& box, const edgert_call& call) {
  const Object* object = nullptr;
  if (box.is_present) EDGERT_TRY(put(call, box.item, call.inputs[0], object));
  set_handle(call.outputs[0], object);
  return {};
}

Status plan_unbox(const NodeArgs& args, edgert_plan& plan) {
  auto* taken = new_state<TakenParams>(&plan);
  return taken ? parse_unbox(args, *taken) : no_memory();
}

Status run_unbox(const TakenParams& taken, const edgert_call& call) {
  const Object* object = handle(call.inputs[0]);
  if (!object) return error(EDGERT_ERROR_GUARD, "the optional is absent, expected one with a value");
  return take(call, taken, object, "the content");
}

struct NoState {};

Status plan_has_element(const NodeArgs& args, edgert_plan& plan) {
  return new_state<NoState>(&plan) ? parse_has_element(args) : no_memory();
}

Status run_has_element(const NoState&, const edgert_call& call) {
  *static_cast<uint8_t*>(call.outputs[0]) = handle(call.inputs[0]) != nullptr;
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel box_kernel = make_kernel<BoxParams, plan_box, run_box>("box");
extern const edgert_kernel unbox_kernel = make_kernel<TakenParams, plan_unbox, run_unbox>("unbox");
extern const edgert_kernel has_element_kernel =
    make_kernel<NoState, plan_has_element, run_has_element>("has_element");

}  // namespace edgert
