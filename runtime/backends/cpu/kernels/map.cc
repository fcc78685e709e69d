#include "ops/map.h"

#include <algorithm>

#include "backends/cpu/kernels/tile_program.h"

namespace edgert {
namespace cpu {
namespace {

struct MapState {
  TileProgram program;
  int64_t pieces;
};

Status plan_map(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<MapState>(&plan);
  if (!state) return no_memory();
  Pointwise pointwise;
  EDGERT_TRY(parse_map(args, pointwise));
  EDGERT_TRY(compile_tiles(pointwise, micro(), state->program));
  const double cost = static_cast<double>(pointwise.size()) * state->program.cost;
  state->pieces = pieces(static_cast<int64_t>(std::min(cost, 1e15)), plan.threads);
  plan.scratch_bytes = state->program.scratch_bytes() * static_cast<uint64_t>(state->pieces);
  return {};
}

Status run_map(const MapState& state, const edgert_call& call) {
  const TileProgram& p = state.program;
  const bool by_rows = p.rows >= 4 * state.pieces;
  const int64_t units = by_rows ? p.rows : (p.columns + 15) / 16;
  parallel(call, state.pieces, [&](int64_t i, int) {
    const int64_t begin = piece_begin(units, i, state.pieces), end = piece_begin(units, i + 1, state.pieces);
    char* scratch = static_cast<char*>(call.scratch) + i * static_cast<int64_t>(p.scratch_bytes());
    if (by_rows) run_tiles(p, call.inputs, call.outputs[0], begin, end, 0, p.columns, scratch);
    else
      run_tiles(p, call.inputs, call.outputs[0], 0, p.rows, begin * 16, std::min(end * 16, p.columns),
                scratch);
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel map_kernel = cpu::make_kernel<cpu::MapState, cpu::plan_map, cpu::run_map>("map");

}  // namespace edgert
