// tree_ensemble: some rows go down each tree together, so that their loads overlap.
#include "ops/trees.h"

#include <algorithm>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

constexpr int64_t kRows = 32;

template <class T>
struct TreeNode {
  T split;
  int32_t feature;
  int32_t mode;
  int32_t child[2];  // where the comparison holds, and where not
};

struct TreesState {
  TreesParams params;
  const void* nodes;  // TreeNode<T>[]
  bool plain;         // all compare with <=, and NaN is never true
  int64_t reached_bytes;
};

template <class T>
Status copy_nodes(const NodeArgs& args, edgert_plan& plan, TreesState& state) {
  const int64_t count = state.params.nodes;
  auto* nodes = allocate<TreeNode<T>>(plan, static_cast<size_t>(count));
  if (!nodes) return no_memory();
  const auto* from = static_cast<const int32_t*>(args.inputs[1].data);
  const auto* splits = static_cast<const T*>(args.inputs[2].data);
  state.plain = true;
  for (int64_t i = 0; i < count; i++, from += 4) {
    nodes[i] = {splits[i], from[0], from[1], {from[2], from[3]}};
    state.plain &= from[1] == static_cast<int32_t>(TreeMode::kLe);
  }
  state.nodes = nodes;
  return {};
}

Status plan_trees(const NodeArgs& args, edgert_plan& plan) {
  TreesState* state = new_state<TreesState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_trees(args, state->params));
  const TreesParams& p = state->params;
  if (p.aggregate == TreeAggregate::kMin || p.aggregate == TreeAggregate::kMax) {
    int64_t all;
    if (!multiply(p.targets, kRows, state->reached_bytes) ||
        !multiply(state->reached_bytes, std::max(plan.threads, 1), all))
      return invalid("%lld targets are too many", static_cast<long long>(p.targets));
    plan.scratch_bytes = static_cast<uint64_t>(all);
  }
  return p.dtype == EDGERT_F32 ? copy_nodes<float>(args, plan, *state)
                               : copy_nodes<double>(args, plan, *state);
}

template <class T>
bool holds(const TreeNode<T>& node, T value) {
  if (value != value) return node.mode >= kMissingIsTrue || node.mode == static_cast<int32_t>(TreeMode::kNe);
  switch (static_cast<TreeMode>(node.mode % kMissingIsTrue)) {
    case TreeMode::kLe: return value <= node.split;
    case TreeMode::kLt: return value < node.split;
    case TreeMode::kGe: return value >= node.split;
    case TreeMode::kGt: return value > node.split;
    case TreeMode::kEq: return value == node.split;
    case TreeMode::kNe: return value != node.split;
  }
  return false;
}

// The children (negative: leaves) where rows [0, count) of x end up.
template <bool Plain, class T>
void walk(const TreesParams& p, const TreeNode<T>* nodes, const T* x, int64_t count, int32_t root,
          int32_t* at) {
  std::fill_n(at, count, root);
  for (bool moving = root >= 0; moving;) {
    moving = false;
    for (int64_t row = 0; row < count; row++) {
      if (at[row] < 0) continue;
      const TreeNode<T>& node = nodes[at[row]];
      const T value = x[row * p.features + node.feature];
      at[row] = node.child[Plain ? !(value <= node.split) : !holds(node, value)];
      moving |= at[row] >= 0;
    }
  }
}

template <class T>
void add_leaf(const TreesState& state, const edgert_call& call, int32_t child, T* out, uint8_t* reached) {
  const auto* leaves = static_cast<const int32_t*>(call.inputs[4]);
  const auto* targets = static_cast<const int32_t*>(call.inputs[5]);
  const auto* weights = static_cast<const T*>(call.inputs[6]);
  const int32_t leaf = -1 - child;
  for (int32_t e = leaves[leaf]; e < leaves[leaf + 1]; e++) {
    T& total = out[targets[e]];
    if (!reached) {
      total += weights[e];
    } else if (!reached[targets[e]]) {
      reached[targets[e]] = 1;
      total = weights[e];
    } else if (state.params.aggregate == TreeAggregate::kMin) {
      total = std::min(total, weights[e]);
    } else {
      total = std::max(total, weights[e]);
    }
  }
}

template <class T>
void run_rows(const TreesState& state, const edgert_call& call, int64_t first, int64_t count,
              int32_t worker) {
  const TreesParams& p = state.params;
  const auto* nodes = static_cast<const TreeNode<T>*>(state.nodes);
  const auto* roots = static_cast<const int32_t*>(call.inputs[3]);
  const T* x = static_cast<const T*>(call.inputs[0]) + first * p.features;
  T* out = static_cast<T*>(call.outputs[0]) + first * p.targets;
  uint8_t* reached = nullptr;
  if (state.reached_bytes) {
    reached = static_cast<uint8_t*>(call.scratch) + worker * state.reached_bytes;
    std::fill_n(reached, state.reached_bytes, uint8_t{0});
  }
  std::fill_n(out, count * p.targets, T{0});
  int32_t at[kRows];
  for (int64_t tree = 0; tree < p.roots; tree++) {
    if (state.plain) walk<true>(p, nodes, x, count, roots[tree], at);
    else walk<false>(p, nodes, x, count, roots[tree], at);
    for (int64_t row = 0; row < count; row++)
      add_leaf(state, call, at[row], out + row * p.targets, reached ? reached + row * p.targets : nullptr);
  }
  if (p.aggregate != TreeAggregate::kAverage) return;
  for (int64_t i = 0; i < count * p.targets; i++) out[i] /= static_cast<T>(std::max<int64_t>(p.roots, 1));
}

Status run_trees(const TreesState& state, const edgert_call& call) {
  const TreesParams& p = state.params;
  if (p.targets == 0) return {};
  const int64_t blocks = p.rows / kRows + (p.rows % kRows != 0);
  const int64_t count =
      std::min(pieces(p.rows * std::min<int64_t>(p.roots, 1000) * 20, call.threads), blocks);
  parallel(call, count, [&](int64_t piece, int32_t worker) {
    const int64_t end = piece_begin(blocks, piece + 1, count);
    for (int64_t block = piece_begin(blocks, piece, count); block < end; block++) {
      const int64_t first = block * kRows, rows = std::min(kRows, p.rows - first);
      if (p.dtype == EDGERT_F32) run_rows<float>(state, call, first, rows, worker);
      else run_rows<double>(state, call, first, rows, worker);
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel tree_ensemble_kernel =
    make_kernel<TreesState, plan_trees, run_trees>("tree_ensemble");

}  // namespace edgert
