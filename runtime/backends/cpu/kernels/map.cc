#include "ops/map.h"

#include <algorithm>

#include "backends/cpu/kernels/tile_program.h"

namespace edgert {
namespace cpu {
namespace {

struct MapState {
  TileProgram program;
  int64_t pieces;
  int64_t height;  // lines of the result; 1 where it is only made whole
};

// Lines are runs of rows of the program, or of columns where it has joined all axes to one row.
int64_t lines_of_program(const TileProgram& p, const edgert_operand& y) {
  if (!has_lines(y)) return 1;
  const int64_t split = p.rows == 1 ? p.columns : p.rows;
  return split % y.dims[1] == 0 ? y.dims[1] : 1;
}

Status plan_map(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<MapState>(&plan);
  if (!state) return no_memory();
  Pointwise pointwise;
  EDGERT_TRY(parse_map(args, pointwise));
  EDGERT_TRY(compile_tiles(pointwise, micro(), plan, state->program));
  state->pieces = pieces(plan, static_cast<double>(pointwise.size()) * state->program.cost);
  plan.scratch_bytes = state->program.scratch_bytes() * static_cast<uint64_t>(state->pieces);
  state->height = lines_of_program(state->program, args.outputs[0]);
  if (state->height > 1) plan.lines = kSameLines;
  return {};
}

Status run_map(const MapState& state, const edgert_call& call) {
  const TileProgram& p = state.program;
  const Range lines = lines_of(call, state.height);
  const auto part = [&](int64_t all) {
    const int64_t each = all / state.height;
    return Range{lines.begin * each, lines.end * each};
  };
  const Range rows = p.rows == 1 ? Range{0, 1} : part(p.rows);
  const Range columns = p.rows == 1 ? part(p.columns) : Range{0, p.columns};
  const int64_t height = rows.end - rows.begin, width = columns.end - columns.begin;
  const bool by_rows = height >= 4 * state.pieces;
  const int64_t units = by_rows ? height : (width + 15) / 16;
  parallel(call, state.pieces, [&](int64_t i, int) {
    const int64_t begin = piece_begin(units, i, state.pieces), end = piece_begin(units, i + 1, state.pieces);
    char* scratch = static_cast<char*>(call.scratch) + i * static_cast<int64_t>(p.scratch_bytes());
    if (by_rows)
      run_tiles(p, call.inputs, call.outputs[0], rows.begin + begin, rows.begin + end, columns.begin,
                columns.end, scratch);
    else
      run_tiles(p, call.inputs, call.outputs[0], rows.begin, rows.end, columns.begin + begin * 16,
                std::min(columns.begin + end * 16, columns.end), scratch);
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel map_kernel = cpu::make_kernel<cpu::MapState, cpu::plan_map, cpu::run_map>("map");

}  // namespace edgert
