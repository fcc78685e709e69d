// nonzero, compress: results whose size the data says.
#include "ops/select.h"

#include <cstring>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_nonzero(const NodeArgs& args, edgert_plan& plan) {
  NonzeroParams* state = new_state<NonzeroParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_nonzero(args, *state));
  if (!is_comparable(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  return {};
}

Status run_nonzero(const NonzeroParams& p, const edgert_call& call) {
  int64_t* out = static_cast<int64_t*>(call.outputs[0]);
  with_comparable(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    constexpr typename S::Value zero = {};
    int64_t count = 0;
    for (int64_t i = 0; i < p.elements; i++) count += S::load(x[i]) != zero;
    call.counts[0] = count;
    for (int64_t i = 0, at = 0; i < p.elements && at < count; i++) {
      if (S::load(x[i]) == zero) continue;
      int64_t rest = i;
      for (int32_t axis = p.rank - 1; axis >= 0; rest /= p.dims[axis--])
        out[axis * count + at] = rest % p.dims[axis];
      at++;
    }
  });
  return {};
}

Status plan_compress(const NodeArgs& args, edgert_plan& plan) {
  CompressParams* state = new_state<CompressParams>(&plan);
  return state ? parse_compress(args, *state) : no_memory();
}

Status run_compress(const CompressParams& p, const edgert_call& call) {
  const uint8_t* condition = static_cast<const uint8_t*>(call.inputs[1]);
  int64_t count = 0;
  for (int64_t i = 0; i < p.conditions; i++) {
    if (!condition[i]) continue;
    if (i >= p.n)
      return error(EDGERT_ERROR_GUARD, "the condition marks element %lld of an axis of %lld",
                   static_cast<long long>(i), static_cast<long long>(p.n));
    count++;
  }
  call.counts[0] = count;
  const int64_t bytes = p.inner * p.item;
  if (bytes == 0 || count == 0) return {};
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  for (int64_t outer = 0; outer < p.outer; outer++, x += p.n * bytes)
    for (int64_t i = 0; i < p.conditions; i++) {
      if (!condition[i]) continue;
      std::memcpy(out, x + i * bytes, static_cast<size_t>(bytes));
      out += bytes;
    }
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel nonzero_kernel = make_kernel<NonzeroParams, plan_nonzero, run_nonzero>("nonzero");
extern const edgert_kernel compress_kernel =
    make_kernel<CompressParams, plan_compress, run_compress>("compress");

}  // namespace edgert
