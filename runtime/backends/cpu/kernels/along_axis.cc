// arg_reduce and cumulative: one walk along an axis for each line of the tensor.
#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "ops/reduce.h"

namespace edgert {
namespace cpu {
namespace {

template <auto Parse>
Status plan_along_axis(const NodeArgs& args, edgert_plan& plan) {
  AxisParams* state = new_state<AxisParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(Parse(args, *state));
  if (!is_number(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  return {};
}

// One line of x, which begins at element `offset`, to the results; `k` is its number among the lines.
using LineFunction = void (*)(const AxisParams& params, const edgert_call& call, int64_t offset, int64_t k);

void run_lines(const AxisParams& params, const edgert_call& call, LineFunction line) {
  const int64_t lines = params.outer * params.inner;
  const int64_t count = std::min(pieces(lines * params.n, call.threads), lines);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(lines, piece + 1, count);
    for (int64_t k = piece_begin(lines, piece, count); k < end; k++)
      line(params, call, k / params.inner * params.n * params.inner + k % params.inner, k);
  });
}

// Whether x takes the place of `best`: better, NaN against a number, or equal where the last wins.
template <class T>
bool takes(T x, T best, bool min, bool last) {
  if (best != best) return last && x != x;
  if (x != x) return true;
  return (min ? x < best : x > best) || (last && x == best);
}

template <class S>
void arg_reduce_line(const AxisParams& params, const edgert_call& call, int64_t offset, int64_t k) {
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]) + offset;
  const int64_t step = params.inner, n = params.n;
  const bool min = params.min, last = params.last;
  auto best = S::load(*x);
  int64_t at = 0;
  for (int64_t i = 1; i < n; i++) {
    const auto value = S::load(x[i * step]);
    if (!takes(value, best, min, last)) continue;
    best = value;
    at = i;
  }
  static_cast<int64_t*>(call.outputs[0])[k] = at;
}

Status run_arg_reduce(const AxisParams& params, const edgert_call& call) {
  if (params.outer * params.inner == 0) return {};
  with_storage(params.dtype,
               [&](auto storage) { run_lines(params, call, arg_reduce_line<decltype(storage)>); });
  return {};
}

template <class S, bool Product>
void cumulative_line(const AxisParams& params, const edgert_call& call, int64_t offset, int64_t) {
  using T = typename S::Value;
  const int64_t step = params.reverse ? -params.inner : params.inner;
  if (params.reverse) offset += (params.n - 1) * params.inner;
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]) + offset;
  auto* y = static_cast<typename S::Stored*>(call.outputs[0]) + offset;
  const bool exclusive = params.exclusive;
  T total = Product ? T{1} : T{0};
  for (int64_t left = params.n; left > 0; left--, x += step, y += step) {
    const T value = S::load(*x);
    const T next = Product ? wrapping_multiply(total, value) : wrapping_add(total, value);
    *y = S::store(exclusive ? total : next);
    total = next;
  }
}

Status run_cumulative(const AxisParams& params, const edgert_call& call) {
  if (params.outer * params.inner * params.n == 0) return {};
  with_storage(params.dtype, [&](auto storage) {
    using S = decltype(storage);
    run_lines(params, call, params.prod ? cumulative_line<S, true> : cumulative_line<S, false>);
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel arg_reduce_kernel =
    make_kernel<AxisParams, plan_along_axis<parse_arg_reduce>, run_arg_reduce>("arg_reduce");
extern const edgert_kernel cumulative_kernel =
    make_kernel<AxisParams, plan_along_axis<parse_cumulative>, run_cumulative>("cumulative");

}  // namespace edgert
