#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "ops/select.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_topk(const NodeArgs& args, edgert_plan& plan) {
  TopkParams* state = new_state<TopkParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_topk(args, *state));
  if (!is_number(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  int64_t bytes;
  if (!multiply(state->n, 8 * int64_t{plan.threads}, bytes)) return invalid("the axis is too long");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

// The order of numbers, NaN above all.
template <class T>
bool below(T a, T b) {
  return a < b || (b != b && a == a);
}

// One line of x, which begins at element `from`; its results begin at element `to`.
template <class S>
void topk_line(const TopkParams& p, const edgert_call& call, int64_t from, int64_t to, int64_t* order) {
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]) + from;
  for (int64_t i = 0; i < p.n; i++) order[i] = i;
  std::partial_sort(order, order + p.k, order + p.n, [&](int64_t a, int64_t b) {
    const auto left = S::load(x[a * p.inner]), right = S::load(x[b * p.inner]);
    if (p.largest ? below(right, left) : below(left, right)) return true;
    if (p.largest ? below(left, right) : below(right, left)) return false;
    return a < b;
  });
  if (!p.has_values) return;
  auto* values = static_cast<typename S::Stored*>(call.outputs[0]) + to;
  for (int64_t i = 0; i < p.k; i++) values[i * p.inner] = x[order[i] * p.inner];
}

Status run_topk(const TopkParams& p, const edgert_call& call) {
  const int64_t lines = p.outer * p.inner;
  if (lines * p.k == 0) return {};
  decltype(&topk_line<Plain<float>>) run_line = nullptr;
  with_storage(p.dtype, [&](auto storage) { run_line = topk_line<decltype(storage)>; });
  int64_t* indices = p.has_indices ? static_cast<int64_t*>(call.outputs[1]) : nullptr;
  const int64_t count = std::min(pieces(lines * p.n * 8, call.threads), lines);
  parallel(call, count, [&](int64_t piece, int32_t worker) {
    int64_t* order = static_cast<int64_t*>(call.scratch) + worker * p.n;
    const int64_t end = piece_begin(lines, piece + 1, count);
    for (int64_t line = piece_begin(lines, piece, count); line < end; line++) {
      const int64_t outer = line / p.inner, column = line % p.inner, to = outer * p.k * p.inner + column;
      run_line(p, call, outer * p.n * p.inner + column, to, order);
      for (int64_t i = 0; indices && i < p.k; i++) indices[to + i * p.inner] = order[i];
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel topk_kernel = cpu::make_kernel<TopkParams, cpu::plan_topk, cpu::run_topk>("topk");

}  // namespace edgert
