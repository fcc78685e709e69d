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

// line(offset, k) for every line of x: where it starts, and its number among the lines.
template <class Line>
void for_lines(const AxisParams& params, const edgert_call& call, Line&& line) {
  const int64_t lines = params.outer * params.inner;
  const int64_t count = std::min(pieces(lines * params.n, call.threads), lines);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(lines, piece + 1, count);
    for (int64_t k = piece_begin(lines, piece, count); k < end; k++)
      line(k / params.inner * params.n * params.inner + k % params.inner, k);
  });
}

// Whether x takes the place of `best`: better, NaN against a number, or equal where the last wins.
template <class T>
bool takes(T x, T best, bool min, bool last) {
  if (best != best) return last && x != x;
  if (x != x) return true;
  return (min ? x < best : x > best) || (last && x == best);
}

Status run_arg_reduce(const AxisParams& params, const edgert_call& call) {
  if (params.outer * params.inner == 0) return {};
  with_storage(params.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* data = static_cast<const typename S::Stored*>(call.inputs[0]);
    auto* out = static_cast<int64_t*>(call.outputs[0]);
    for_lines(params, call, [&](int64_t offset, int64_t k) {
      const auto* x = data + offset;
      auto best = S::load(*x);
      int64_t at = 0;
      for (int64_t i = 1; i < params.n; i++) {
        const auto value = S::load(x[i * params.inner]);
        if (!takes(value, best, params.min, params.last)) continue;
        best = value;
        at = i;
      }
      out[k] = at;
    });
  });
  return {};
}

Status run_cumulative(const AxisParams& params, const edgert_call& call) {
  if (params.outer * params.inner * params.n == 0) return {};
  with_storage(params.dtype, [&](auto storage) {
    using S = decltype(storage);
    using T = typename S::Value;
    const auto* data = static_cast<const typename S::Stored*>(call.inputs[0]);
    auto* result = static_cast<typename S::Stored*>(call.outputs[0]);
    for_lines(params, call, [&](int64_t offset, int64_t) {
      T total = params.prod ? T{1} : T{0};
      for (int64_t i = 0; i < params.n; i++) {
        const int64_t at = offset + (params.reverse ? params.n - 1 - i : i) * params.inner;
        const T x = S::load(data[at]);
        const T next = params.prod ? wrapping_multiply(total, x) : wrapping_add(total, x);
        result[at] = S::store(params.exclusive ? total : next);
        total = next;
      }
    });
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
