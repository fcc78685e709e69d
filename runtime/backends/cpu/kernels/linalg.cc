// determinant: elimination with partial pivoting on a copy, in f64.
#include "ops/linalg.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_determinant(const NodeArgs& args, edgert_plan& plan) {
  DeterminantParams* state = new_state<DeterminantParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_determinant(args, *state));
  if (!is_float(state->dtype)) return unsupported("matrices of %s", dtype_name(state->dtype));
  int64_t bytes;
  if (!multiply(state->size, state->size, bytes) || !multiply(bytes, 8, bytes)) return invalid("the matrix is too large");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

double eliminate(double* a, int64_t n) {
  double determinant = 1;
  for (int64_t k = 0; k < n; k++) {
    int64_t pivot = k;
    for (int64_t r = k + 1; r < n; r++)
      if (std::fabs(a[r * n + k]) > std::fabs(a[pivot * n + k])) pivot = r;
    if (pivot != k) {
      std::swap_ranges(a + k * n, a + (k + 1) * n, a + pivot * n);
      determinant = -determinant;
    }
    const double head = a[k * n + k];
    determinant *= head;
    if (head == 0) return determinant;
    for (int64_t r = k + 1; r < n; r++) {
      const double factor = a[r * n + k] / head;
      for (int64_t c = k; c < n; c++) a[r * n + c] -= factor * a[k * n + c];
    }
  }
  return determinant;
}

Status run_determinant(const DeterminantParams& p, const edgert_call& call) {
  with_float(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    auto* y = static_cast<typename S::Stored*>(call.outputs[0]);
    double* matrix = static_cast<double*>(call.scratch);
    for (int64_t i = 0; i < p.count; i++, x += p.size * p.size) {
      for (int64_t k = 0; k < p.size * p.size; k++) matrix[k] = static_cast<double>(S::load(x[k]));
      y[i] = S::store(static_cast<typename S::Value>(eliminate(matrix, p.size)));
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel determinant_kernel =
    cpu::make_kernel<DeterminantParams, cpu::plan_determinant, cpu::run_determinant>("determinant");

}  // namespace edgert
