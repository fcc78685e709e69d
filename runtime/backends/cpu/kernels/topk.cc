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

template <class S>
void topk_line(const TopkParams& p, const typename S::Stored* x, typename S::Stored* values, int64_t* indices,
               int64_t* order) {
  for (int64_t i = 0; i < p.n; i++) order[i] = i;
  std::partial_sort(order, order + p.k, order + p.n, [&](int64_t a, int64_t b) {
    const auto left = S::load(x[a * p.inner]), right = S::load(x[b * p.inner]);
    if (p.largest ? below(right, left) : below(left, right)) return true;
    if (p.largest ? below(left, right) : below(right, left)) return false;
    return a < b;
  });
  for (int64_t i = 0; i < p.k; i++) {
    if (values) values[i * p.inner] = x[order[i] * p.inner];
    if (indices) indices[i * p.inner] = order[i];
  }
}

Status run_topk(const TopkParams& p, const edgert_call& call) {
  const int64_t lines = p.outer * p.inner;
  if (lines * p.k == 0) return {};
  with_storage(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    using T = typename S::Stored;
    const T* x = static_cast<const T*>(call.inputs[0]);
    T* values = p.has_values ? static_cast<T*>(call.outputs[0]) : nullptr;
    int64_t* indices = p.has_indices ? static_cast<int64_t*>(call.outputs[1]) : nullptr;
    const int64_t count = std::min(pieces(lines * p.n * 8, call.threads), lines);
    parallel(call, count, [&](int64_t piece, int32_t worker) {
      int64_t* order = static_cast<int64_t*>(call.scratch) + worker * p.n;
      const int64_t end = piece_begin(lines, piece + 1, count);
      for (int64_t line = piece_begin(lines, piece, count); line < end; line++) {
        const int64_t outer = line / p.inner, column = line % p.inner, to = outer * p.k * p.inner + column;
        topk_line<S>(p, x + outer * p.n * p.inner + column, values ? values + to : nullptr,
                     indices ? indices + to : nullptr, order);
      }
    });
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel topk_kernel = cpu::make_kernel<TopkParams, cpu::plan_topk, cpu::run_topk>("topk");

}  // namespace edgert
