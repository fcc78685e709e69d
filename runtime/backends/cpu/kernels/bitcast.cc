// bitcast: the same bytes as another type of the same size.
#include <cstring>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

struct BitcastState {
  size_t bytes;
};

Status plan_bitcast(const NodeArgs& args, edgert_plan& plan) {
  BitcastState* state = new_state<BitcastState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_shape(args, out, "the result", shape_of(x)));
  const size_t item = item_size(x.dtype);
  if (item == 0 || item != item_size(out.dtype))
    return invalid("%s and %s have different sizes", dtype_name(x.dtype), dtype_name(out.dtype));
  state->bytes = static_cast<size_t>(size_of(shape_of(x))) * item;
  return {};
}

Status run_bitcast(const BitcastState& state, const edgert_call& call) {
  if (state.bytes) std::memcpy(call.outputs[0], call.inputs[0], state.bytes);
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel bitcast_kernel = make_kernel<BitcastState, plan_bitcast, run_bitcast>("bitcast");

}  // namespace edgert
