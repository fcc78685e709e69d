#include "ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/softmax.h"

namespace edgert {
namespace cpu {
namespace {

constexpr int64_t kColumns = 64;  // lines side by side that one piece of work takes

struct SoftmaxState {
  SoftmaxParams softmax;
  const SoftmaxMicro* micro;
};

Status plan_softmax(const NodeArgs& args, edgert_plan& plan) {
  SoftmaxState* state = new_state<SoftmaxState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_softmax(args, state->softmax));
  if (!is_float(state->softmax.dtype)) return unsupported("softmax of %s", dtype_name(state->softmax.dtype));
  state->micro = micro().softmax;
  return {};
}

void softmax_f32(const SoftmaxState& state, const edgert_call& call) {
  const SoftmaxParams& p = state.softmax;
  const float* x = static_cast<const float*>(call.inputs[0]);
  float* y = static_cast<float*>(call.outputs[0]);
  if (p.inner == 1) {
    const int64_t count = std::min(pieces(p.outer * (p.n / 2 + 2), call.threads), p.outer);
    parallel(call, count, [&](int64_t piece, int32_t) {
      const int64_t begin = piece_begin(p.outer, piece, count), end = piece_begin(p.outer, piece + 1, count);
      state.micro->lines(x + begin * p.n, y + begin * p.n, p.n, end - begin, p.log);
    });
    return;
  }
  const int64_t blocks = (p.inner + kColumns - 1) / kColumns, units = p.outer * blocks;
  const int64_t count = std::min(pieces(p.outer * p.n * p.inner / 2, call.threads), units);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(units, piece + 1, count);
    for (int64_t unit = piece_begin(units, piece, count); unit < end; unit++) {
      const int64_t column = unit % blocks * kColumns, offset = unit / blocks * p.n * p.inner + column;
      state.micro->columns(x + offset, y + offset, p.n, p.inner, std::min(kColumns, p.inner - column), p.log);
    }
  });
}

// Every step is rounded to the storage type.
template <class S>
void softmax_line(const SoftmaxParams& p, const typename S::Stored* x, typename S::Stored* y) {
  using T = typename S::Value;
  const auto rounded = [](T value) { return S::load(S::store(value)); };
  T most = least<T>(), total = 0;
  for (int64_t i = 0; i < p.n; i++) most = larger(most, S::load(x[i * p.inner]));
  const auto shifted = [&](int64_t i) { return rounded(S::load(x[i * p.inner]) - most); };
  for (int64_t i = 0; i < p.n; i++) total += rounded(std::exp(shifted(i)));
  const T divisor = rounded(total), shift = rounded(std::log(divisor));
  for (int64_t i = 0; i < p.n; i++)
    y[i * p.inner] = S::store(p.log ? shifted(i) - shift : rounded(std::exp(shifted(i))) / divisor);
}

Status run_softmax(const SoftmaxState& state, const edgert_call& call) {
  const SoftmaxParams& p = state.softmax;
  if (p.outer * p.n * p.inner == 0) return {};
  if (p.dtype == EDGERT_F32) {
    softmax_f32(state, call);
    return {};
  }
  with_float(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    auto* y = static_cast<typename S::Stored*>(call.outputs[0]);
    const int64_t lines = p.outer * p.inner;
    const int64_t count = std::min(pieces(lines * p.n * 8, call.threads), lines);
    parallel(call, count, [&](int64_t piece, int32_t) {
      const int64_t end = piece_begin(lines, piece + 1, count);
      for (int64_t k = piece_begin(lines, piece, count); k < end; k++) {
        const int64_t offset = k / p.inner * p.n * p.inner + k % p.inner;
        softmax_line<S>(p, x + offset, y + offset);
      }
    });
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel softmax_kernel =
    cpu::make_kernel<cpu::SoftmaxState, cpu::plan_softmax, cpu::run_softmax>("softmax");

}  // namespace edgert
