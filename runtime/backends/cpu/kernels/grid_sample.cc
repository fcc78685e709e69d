// grid_sample: each point is a weighted sum of up to 4 neighbours on every axis.
#include "ops/grid_sample.h"

#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

constexpr int32_t kMaxTaps = 64;  // 4 on each of kMaxGridAxes

struct Neighbour {
  int64_t offset;
  double weight;
};

Status plan_grid_sample(const NodeArgs& args, edgert_plan& plan) {
  GridSampleParams* state = new_state<GridSampleParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_grid_sample(args, *state));
  if (!is_float(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  return {};
}

// The neighbours of a point whose grid entry is number `at`, those that exist.
int32_t find_neighbours(const GridSampleParams& p, const void* grid, int64_t at, Neighbour* found) {
  int32_t count = 1;
  found[0] = {0, 1};
  for (int32_t axis = 0; axis < p.axes; axis++) {
    const int64_t entry = at * p.axes + p.axes - 1 - axis;  // the grid names the last axis first
    const double coordinate = p.wide_grid ? static_cast<const double*>(grid)[entry]
                                          : double{static_cast<const float*>(grid)[entry]};
    int64_t places[4];
    double weights[4];
    const int32_t taps = grid_taps(p, axis, coordinate, places, weights);
    Neighbour next[kMaxTaps];
    int32_t made = 0;
    for (int32_t i = 0; i < count; i++)
      for (int32_t t = 0; t < taps; t++)
        if (places[t] >= 0)
          next[made++] = {found[i].offset + places[t] * p.stride[axis], found[i].weight * weights[t]};
    for (int32_t i = 0; i < made; i++) found[i] = next[i];
    count = made;
  }
  return count;
}

template <class S>
void sample(const GridSampleParams& p, const edgert_call& call, int64_t point) {
  using T = typename S::Value;
  Neighbour found[kMaxTaps];
  const int32_t count = find_neighbours(p, call.inputs[1], point, found);
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]) + point / p.points * p.image;
  auto* out = static_cast<typename S::Stored*>(call.outputs[0]) + point * p.channels;
  for (int64_t c = 0; c < p.channels; c++) {
    T total = 0;
    for (int32_t i = 0; i < count; i++)
      total += S::load(x[found[i].offset + c]) * static_cast<T>(found[i].weight);
    out[c] = S::store(total);
  }
}

Status run_grid_sample(const GridSampleParams& p, const edgert_call& call) {
  const int64_t points = p.batch * p.points, much = 1 << 20;
  const int64_t neighbours = p.kind == GridKind::kCubic ? 16 : 4;
  const int64_t cost = std::min(points, much) * (std::min(p.channels, much) + 20) * neighbours;
  const int64_t count = pieces(cost, call.threads);
  with_float(p.dtype, [&](auto storage) {
    parallel(call, count, [&](int64_t piece, int32_t) {
      const int64_t end = piece_begin(points, piece + 1, count);
      for (int64_t i = piece_begin(points, piece, count); i < end; i++) sample<decltype(storage)>(p, call, i);
    });
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel grid_sample_kernel =
    make_kernel<GridSampleParams, plan_grid_sample, run_grid_sample>("grid_sample");

}  // namespace edgert
