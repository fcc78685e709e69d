// reduce: folds over any set of axes. f32 goes through the micro tables; other types one result at a time.
#include "ops/reduce.h"

#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/tile_program.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/reduce.h"

namespace edgert {
namespace cpu {
namespace {

struct ReduceState {
  ReduceParams reduce;  // its programs are compiled below
  const ReduceMicro* micro;
  TileProgram prologue, epilogue;
  int64_t prologue_pieces, fold_pieces, epilogue_pieces;
  bool folds_aside;       // the epilogue's result has another type than what is folded
  uint64_t mapped_bytes;  // scratch: x after the prologue, what was folded, tiles
  uint64_t folded_bytes;
};

uint64_t aligned(int64_t bytes) { return (static_cast<uint64_t>(bytes) + 63) / 64 * 64; }

// How many pieces to cut a stage into; its cost is added to the plan.
int64_t stage_pieces(edgert_plan& plan, double cost) {
  const double before = plan.cost;
  const int64_t count = pieces(plan, cost);
  plan.cost += before;
  return count;
}

Status compile(Pointwise& pointwise, TileProgram& program, edgert_plan& plan, int64_t& count) {
  collapse(pointwise);
  EDGERT_TRY(compile_tiles(pointwise, micro(), plan, program));
  count = stage_pieces(plan, static_cast<double>(pointwise.size()) * program.cost);
  return {};
}

Status plan_programs(const NodeArgs& args, edgert_plan& plan, ReduceState& state) {
  ReduceParams& reduce = state.reduce;
  const int64_t item = static_cast<int64_t>(item_size(reduce.dtype));
  uint64_t tiles = 0;
  int64_t bytes;
  if (!multiply(reduce.elements, item, bytes)) return invalid("x is too large");
  if (reduce.has_prologue) {
    EDGERT_TRY(compile(reduce.prologue, state.prologue, plan, state.prologue_pieces));
    state.mapped_bytes = aligned(bytes);
    tiles = state.prologue.scratch_bytes() * static_cast<uint64_t>(state.prologue_pieces);
  }
  if (reduce.has_epilogue) {
    EDGERT_TRY(compile(reduce.epilogue, state.epilogue, plan, state.epilogue_pieces));
    state.folds_aside = args.outputs[0].dtype != reduce.dtype;
    if (state.folds_aside) state.folded_bytes = aligned(reduce.results * item);
    tiles = std::max(tiles, state.epilogue.scratch_bytes() * static_cast<uint64_t>(state.epilogue_pieces));
  }
  plan.scratch_bytes = state.mapped_bytes + state.folded_bytes + tiles;
  return {};
}

Status plan_reduce(const NodeArgs& args, edgert_plan& plan) {
  ReduceState* state = new_state<ReduceState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_reduce(args, state->reduce));
  if (!is_number(state->reduce.dtype)) return unsupported("reduction of %s", dtype_name(state->reduce.dtype));
  state->micro = micro().reduce;
  const double each = state->reduce.dtype == EDGERT_F32 ? 1.0 / 8 : 1;
  state->fold_pieces = stage_pieces(plan, static_cast<double>(state->reduce.elements) * each);
  return plan_programs(args, plan, *state);
}

int fold_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kProd: return EDGERT_FOLD_PROD;
    case ReduceKind::kMax: return EDGERT_FOLD_MAX;
    case ReduceKind::kMin: return EDGERT_FOLD_MIN;
    default: return EDGERT_FOLD_SUM;
  }
}

template <class T>
T identity(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kProd: return T{1};
    case ReduceKind::kMax: return least<T>();
    case ReduceKind::kMin: return greatest<T>();
    default: return T{0};
  }
}

template <class T>
T combine(ReduceKind kind, T a, T x) {
  switch (kind) {
    case ReduceKind::kProd: return wrapping_multiply(a, x);
    case ReduceKind::kMax: return larger(a, x);
    case ReduceKind::kMin: return smaller(a, x);
    default: return wrapping_add(a, x);
  }
}

// Columns [begin, end) of point `p`, which the innermost axis keeps; or the one result of point `p`.
void fold_point(const ReduceState& state, const float* x, float* out, int64_t p, int64_t begin, int64_t end) {
  const ReduceParams& reduce = state.reduce;
  const AxisSplit& split = reduce.split;
  const int fold = fold_of(reduce.kind);
  x += split.point_offset(p);
  const int64_t outer = split.outer_count();
  if (split.inner) {
    out[p] = identity<float>(reduce.kind);
    for (int64_t o = 0; o < outer; o++)
      state.micro->run(fold, x + split.outer_offset(o), split.rows, split.row_stride, split.width, out + p);
    if (reduce.kind == ReduceKind::kMean) out[p] /= static_cast<float>(reduce.count);
    return;
  }
  out += p * split.width;
  std::fill(out + begin, out + end, identity<float>(reduce.kind));
  for (int64_t o = 0; o < outer; o++)
    state.micro->columns(fold, x + split.outer_offset(o) + begin, split.rows, split.row_stride, end - begin,
                         out + begin);
  if (reduce.kind != ReduceKind::kMean) return;
  const float count = static_cast<float>(reduce.count);
  for (int64_t i = begin; i < end; i++) out[i] /= count;
}

void reduce_f32(const ReduceState& state, const edgert_call& call, const float* x, float* out) {
  const AxisSplit& split = state.reduce.split;
  if (split.inner || split.points >= state.fold_pieces) {
    const int64_t count = std::min(state.fold_pieces, split.points);
    parallel(call, count, [&](int64_t i, int32_t) {
      const int64_t end = piece_begin(split.points, i + 1, count);
      for (int64_t p = piece_begin(split.points, i, count); p < end; p++)
        fold_point(state, x, out, p, 0, split.width);
    });
    return;
  }
  const int64_t blocks = (split.width + 63) / 64, count = std::min(state.fold_pieces, blocks);
  parallel(call, count, [&](int64_t i, int32_t) {
    const int64_t begin = piece_begin(blocks, i, count) * 64;
    const int64_t end = std::min(split.width, piece_begin(blocks, i + 1, count) * 64);
    for (int64_t p = 0; p < split.points; p++) fold_point(state, x, out, p, begin, end);
  });
}

template <class T>
T divided(T total, int64_t count) {
  if constexpr (std::is_floating_point_v<T>) return total / static_cast<T>(count);
  else if constexpr (std::is_signed_v<T>) return static_cast<T>(int64_t{total} / count);
  else return static_cast<T>(uint64_t{total} / static_cast<uint64_t>(count));
}

template <class S>
typename S::Value fold_all(const ReduceParams& reduce, const typename S::Stored* x) {
  using T = typename S::Value;
  const AxisSplit& split = reduce.split;
  const int64_t outer = split.outer_count(), width = split.inner ? split.width : 1;
  T value = identity<T>(reduce.kind);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t r = 0; r < split.rows; r++) {
      const auto* row = x + split.outer_offset(o) + r * split.row_stride;
      for (int64_t i = 0; i < width; i++)
        value = combine(reduce.kind, value, static_cast<T>(S::load(row[i])));
    }
  return reduce.kind == ReduceKind::kMean ? divided(value, reduce.count) : value;
}

// Result i of x.
template <class S>
void reduce_one(const ReduceParams& reduce, const void* data, void* folded, int64_t i) {
  const AxisSplit& split = reduce.split;
  const int64_t columns = split.inner ? 1 : split.width;
  const auto* x =
      static_cast<const typename S::Stored*>(data) + split.point_offset(i / columns) + i % columns;
  static_cast<typename S::Stored*>(folded)[i] = S::store(fold_all<S>(reduce, x));
}

void reduce_any(const ReduceState& state, const edgert_call& call, const void* x, void* out) {
  const ReduceParams& reduce = state.reduce;
  decltype(&reduce_one<Plain<float>>) run_one = nullptr;
  with_storage(reduce.dtype, [&](auto storage) { run_one = reduce_one<decltype(storage)>; });
  const int64_t count = std::min(state.fold_pieces, reduce.results);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(reduce.results, piece + 1, count);
    for (int64_t i = piece_begin(reduce.results, piece, count); i < end; i++) run_one(reduce, x, out, i);
  });
}

// Over no elements: the identity; a mean is NaN, or 0 for integers.
template <class S>
void reduce_none(const ReduceParams& reduce, void* out) {
  using T = typename S::Value;
  T value = identity<T>(reduce.kind);
  if (reduce.kind == ReduceKind::kMean) value = std::numeric_limits<T>::quiet_NaN();
  std::fill_n(static_cast<typename S::Stored*>(out), reduce.results, S::store(value));
}

void fold(const ReduceState& state, const edgert_call& call, const void* x, void* out) {
  const ReduceParams& reduce = state.reduce;
  if (reduce.count && reduce.dtype == EDGERT_F32)
    return reduce_f32(state, call, static_cast<const float*>(x), static_cast<float*>(out));
  if (reduce.count) return reduce_any(state, call, x, out);
  with_storage(reduce.dtype, [&](auto storage) { reduce_none<decltype(storage)>(reduce, out); });
}

void run_program(const TileProgram& program, int64_t count, const edgert_call& call,
                 const void* const* operands, void* out, char* scratch) {
  const bool by_rows = program.rows >= count;
  const int64_t units = by_rows ? program.rows : (program.columns + 15) / 16;
  parallel(call, count, [&](int64_t i, int32_t) {
    const int64_t begin = piece_begin(units, i, count), end = piece_begin(units, i + 1, count);
    char* tiles = scratch + i * static_cast<int64_t>(program.scratch_bytes());
    if (by_rows) run_tiles(program, operands, out, begin, end, 0, program.columns, tiles);
    else
      run_tiles(program, operands, out, 0, program.rows, begin * 16, std::min(end * 16, program.columns),
                tiles);
  });
}

Status run_reduce(const ReduceState& state, const edgert_call& call) {
  const ReduceParams& reduce = state.reduce;
  if (reduce.results == 0) return {};
  char* scratch = static_cast<char*>(call.scratch);
  char* tiles = scratch + state.mapped_bytes + state.folded_bytes;
  const void* x = call.inputs[0];
  if (reduce.has_prologue && reduce.elements) {
    run_program(state.prologue, state.prologue_pieces, call, call.inputs, scratch, tiles);
    x = scratch;
  }
  void* folded = state.folds_aside ? scratch + state.mapped_bytes : call.outputs[0];
  fold(state, call, x, folded);
  if (!reduce.has_epilogue) return {};
  const void* operands[kMaxProgramOperands] = {folded};
  for (int32_t i = 1; i < reduce.epilogue.count; i++)
    operands[i] = call.inputs[reduce.prologue_operands + static_cast<size_t>(i) - 1];
  run_program(state.epilogue, state.epilogue_pieces, call, operands, call.outputs[0], tiles);
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel reduce_kernel =
    cpu::make_kernel<cpu::ReduceState, cpu::plan_reduce, cpu::run_reduce>("reduce");

}  // namespace edgert
