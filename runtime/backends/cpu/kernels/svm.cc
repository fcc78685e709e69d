// pairwise_coupling: Wu, Lin and Weng (2004), the second method, iterated as libsvm does.
#include "ops/svm.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

constexpr int kMaxSteps = 100;

struct CouplingState {
  CouplingParams params;
  int64_t doubles;  // of scratch for each thread
};

Status plan_coupling(const NodeArgs& args, edgert_plan& plan) {
  CouplingState* state = new_state<CouplingState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_coupling(args, state->params));
  const int64_t k = state->params.classes;
  int64_t square, bytes;
  if (!multiply(k, k, square) || !add(square, 2 * k, state->doubles) ||
      !multiply(state->doubles, 8 * int64_t{std::max(plan.threads, 1)}, bytes))
    return invalid("%lld classes are too many", static_cast<long long>(k));
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

// The matrix of the quadratic form that p minimises.
void fill_form(const float* r, int64_t k, double* q) {
  for (int64_t i = 0; i < k; i++) {
    double squares = 0;
    for (int64_t j = 0; j < k; j++) {
      const double there = r[j * k + i], here = r[i * k + j];
      q[i * k + j] = -there * here;
      if (j != i) squares += there * there;
    }
    q[i * k + i] = squares;
  }
}

// One round over all classes; `product` is q p and `total` is p q p.
void improve(const double* q, int64_t k, double* p, double* product, double total) {
  for (int64_t t = 0; t < k; t++) {
    const double own = q[t * k + t], change = (total - product[t]) / own, whole = 1 + change;
    p[t] += change;
    total = (total + change * (change * own + 2 * product[t])) / whole / whole;
    for (int64_t j = 0; j < k; j++) {
      product[j] = (product[j] + change * q[t * k + j]) / whole;
      p[j] /= whole;
    }
  }
}

void couple(const float* r, int64_t k, double* scratch, float* out) {
  double *q = scratch, *p = q + k * k, *product = p + k;
  fill_form(r, k, q);
  std::fill_n(p, k, 1.0 / static_cast<double>(k));
  for (int step = 0; step < kMaxSteps; step++) {
    double total = 0;
    for (int64_t i = 0; i < k; i++) {
      product[i] = 0;
      for (int64_t j = 0; j < k; j++) product[i] += q[i * k + j] * p[j];
      total += p[i] * product[i];
    }
    bool close = true;
    for (int64_t i = 0; i < k; i++)
      close &= !(std::fabs(product[i] - total) >= 0.005 / static_cast<double>(k));
    if (close) break;
    improve(q, k, p, product, total);
  }
  for (int64_t i = 0; i < k; i++) out[i] = static_cast<float>(p[i]);
}

Status run_coupling(const CouplingState& state, const edgert_call& call) {
  const int64_t k = state.params.classes, rows = state.params.rows;
  if (k == 0) return {};
  const auto* r = static_cast<const float*>(call.inputs[0]);
  auto* out = static_cast<float*>(call.outputs[0]);
  const int64_t count = std::min(pieces(rows * k * 100, call.threads), rows);
  parallel(call, count, [&](int64_t piece, int32_t worker) {
    double* scratch = static_cast<double*>(call.scratch) + worker * state.doubles;
    const int64_t end = piece_begin(rows, piece + 1, count);
    for (int64_t row = piece_begin(rows, piece, count); row < end; row++)
      couple(r + row * k * k, k, scratch, out + row * k);
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel pairwise_coupling_kernel =
    make_kernel<CouplingState, plan_coupling, run_coupling>("pairwise_coupling");

}  // namespace edgert
