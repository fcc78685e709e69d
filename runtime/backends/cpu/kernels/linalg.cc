// determinant: elimination with row exchanges, in f64.
#include "ops/linalg.h"

#include <cmath>
#include <utility>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_determinant(const NodeArgs& args, edgert_plan& plan) {
  DeterminantParams* state = new_state<DeterminantParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_determinant(args, *state));
  if (!is_float(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  const int64_t sizes[] = {state->order, state->order, int64_t{sizeof(double)}};
  int64_t bytes;
  if (!product(sizes, bytes)) return invalid("the matrices are too large");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

// The determinant of the n by n matrix at `a`, which is overwritten.
double eliminate(double* a, int64_t n) {
  double result = 1;
  for (int64_t k = 0; k < n; k++) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; i++)
      if (std::fabs(a[i * n + k]) > std::fabs(a[pivot * n + k])) pivot = i;
    if (pivot != k) {
      for (int64_t j = k; j < n; j++) std::swap(a[pivot * n + j], a[k * n + j]);
      result = -result;
    }
    result *= a[k * n + k];
    if (a[k * n + k] == 0) return 0;
    for (int64_t i = k + 1; i < n; i++) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (int64_t j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return result;
}

Status run_determinant(const DeterminantParams& p, const edgert_call& call) {
  double* a = static_cast<double*>(call.scratch);
  const int64_t elements = p.order * p.order;
  with_float(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    auto* out = static_cast<typename S::Stored*>(call.outputs[0]);
    for (int64_t m = 0; m < p.count; m++) {
      for (int64_t i = 0; i < elements; i++) a[i] = static_cast<double>(S::load(x[m * elements + i]));
      out[m] = S::store(static_cast<typename S::Value>(eliminate(a, p.order)));
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel determinant_kernel =
    make_kernel<DeterminantParams, plan_determinant, run_determinant>("determinant");

}  // namespace edgert
