// scatter_elements, scatter_nd: a copy of x, then one update after another in row-major order, on one thread.
#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/indices.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

template <class Params, auto Parse>
Status plan_scatter(const NodeArgs& args, edgert_plan& plan) {
  Params* state = new_state<Params>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(Parse(args, *state));
  const bool sums = state->reduction == ScatterReduction::kAdd || state->reduction == ScatterReduction::kMul;
  const bool can = is_number(state->dtype) || (sums && is_complex(state->dtype));
  if (state->reduction != ScatterReduction::kNone && !can)
    return unsupported("scatter that combines %s", dtype_name(state->dtype));
  return {};
}

template <class T>
T combine(ScatterReduction reduction, T a, T x) {
  switch (reduction) {
    case ScatterReduction::kAdd: return wrapping_add(a, x);
    case ScatterReduction::kMul: return wrapping_multiply(a, x);
    case ScatterReduction::kMax: return larger(a, x);
    case ScatterReduction::kMin: return smaller(a, x);
    default: return x;
  }
}

// out[0, n) = out combined with updates[0, n).
void update(ScatterReduction reduction, int32_t dtype, void* out, const void* updates, int64_t at,
            int64_t from, int64_t n) {
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  if (reduction == ScatterReduction::kNone) {
    std::memcpy(static_cast<char*>(out) + at * item, static_cast<const char*>(updates) + from * item,
                static_cast<size_t>(n * item));
    return;
  }
  with_number(dtype, [&](auto storage) {
    using S = decltype(storage);
    auto* y = static_cast<typename S::Stored*>(out) + at;
    const auto* u = static_cast<const typename S::Stored*>(updates) + from;
    for (int64_t i = 0; i < n; i++) y[i] = S::store(combine(reduction, S::load(y[i]), S::load(u[i])));
  });
}

void copy_data(const edgert_call& call, int32_t dtype, int64_t elements) {
  if (call.outputs[0] != call.inputs[0] && elements)
    std::memcpy(call.outputs[0], call.inputs[0], static_cast<size_t>(elements) * item_size(dtype));
}

Status run_scatter_elements(const ElementsParams& p, const edgert_call& call) {
  const Indices indices = {call.inputs[1], p.wide};
  int64_t bad;
  if (!all_within(indices, p.count, p.n, bad)) return index_error(indices.at(bad), p.n);
  copy_data(call, p.dtype, p.elements);
  for (int64_t i = 0; i < p.count; i++)
    update(p.reduction, p.dtype, call.outputs[0], call.inputs[2], element_offset(p, indices, i), i, 1);
  return {};
}

Status run_scatter_nd(const NdParams& p, const edgert_call& call) {
  const Indices indices = {call.inputs[1], p.wide};
  EDGERT_TRY(check_tuples(p, indices));
  copy_data(call, p.dtype, p.elements);
  for (int64_t t = 0; t < p.batch * p.count && p.inner; t++)
    update(p.reduction, p.dtype, call.outputs[0], call.inputs[2], tuple_offset(p, indices, t), t * p.inner,
           p.inner);
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel scatter_elements_kernel =
    make_kernel<ElementsParams, plan_scatter<ElementsParams, parse_scatter_elements>, run_scatter_elements>(
        "scatter_elements");
extern const edgert_kernel scatter_nd_kernel =
    make_kernel<NdParams, plan_scatter<NdParams, parse_scatter_nd>, run_scatter_nd>("scatter_nd");

}  // namespace edgert
