#include "ops/grid_sample.h"

#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_grid_sample(const NodeArgs& args, edgert_plan& plan) {
  GridParams* state = new_state<GridParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_grid_sample(args, *state));
  for (int32_t dtype : {state->dtype, state->grid_dtype})
    if (!is_float(dtype)) return unsupported("samples of %s", dtype_name(dtype));
  return {};
}

// offset(element, weight) for every element of the image that a place is made of.
template <class Visit>
void for_elements(const GridParams& p, const GridTaps* taps, Visit&& visit) {
  int32_t index[EDGERT_MAX_RANK] = {};
  for (;;) {
    int64_t at = 0;
    double weight = 1;
    for (int32_t i = 0; i < p.spatial; i++) {
      const int64_t place = taps[i].at[index[i]];
      at = at * p.input[i] + std::max<int64_t>(place, 0);
      weight = place < 0 ? 0 : weight * taps[i].weight[index[i]];
    }
    if (weight != 0) visit(at, weight);
    int32_t axis = p.spatial - 1;
    for (; axis >= 0 && ++index[axis] == taps[axis].count; axis--) index[axis] = 0;
    if (axis < 0) return;
  }
}

template <class S>
void sample(const GridParams& p, const typename S::Stored* image, const GridTaps* taps, typename S::Stored* out) {
  using T = typename S::Value;
  for (int64_t c = 0; c < p.channels; c++) {
    T total = 0;
    for_elements(p, taps, [&](int64_t at, double weight) {
      total += S::load(image[at * p.channels + c]) * static_cast<T>(weight);
    });
    out[c] = S::store(total);
  }
}

template <class S, class G>
void sample_all(const GridParams& p, const edgert_call& call) {
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
  const auto* grid = static_cast<const typename G::Stored*>(call.inputs[1]);
  auto* out = static_cast<typename S::Stored*>(call.outputs[0]);
  const int64_t places = p.batch * p.places, image = size_of({p.input, static_cast<size_t>(p.spatial)}) * p.channels;
  const int64_t count = std::min(pieces(places * (p.channels + 4) * 8, call.threads), places);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(places, piece + 1, count);
    for (int64_t k = piece_begin(places, piece, count); k < end; k++) {
      GridTaps taps[EDGERT_MAX_RANK];
      for (int32_t i = 0; i < p.spatial; i++)
        taps[i] = grid_taps(p, static_cast<double>(G::load(grid[k * p.spatial + p.spatial - 1 - i])), p.input[i]);
      sample<S>(p, x + k / p.places * image, taps, out + k * p.channels);
    }
  });
}

Status run_grid_sample(const GridParams& p, const edgert_call& call) {
  with_float(p.dtype, [&](auto storage) {
    with_float(p.grid_dtype, [&](auto grid) { sample_all<decltype(storage), decltype(grid)>(p, call); });
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel grid_sample_kernel =
    cpu::make_kernel<GridParams, cpu::plan_grid_sample, cpu::run_grid_sample>("grid_sample");

}  // namespace edgert
