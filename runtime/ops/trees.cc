#include "ops/trees.h"

namespace edgert {
namespace {

enum Operand : size_t { kX, kNodes, kSplits, kRoots, kLeaves, kTargets, kWeights, kCount };
constexpr const char* kNames[] = {"x",          "the nodes",   "the splits", "the roots",
                                  "the leaves", "the targets", "the weights"};

std::span<const int32_t> integers(const NodeArgs& args, Operand operand) {
  const edgert_operand& found = args.inputs[operand];
  return {static_cast<const int32_t*>(found.data), static_cast<size_t>(size_of(shape_of(found)))};
}

Status check_operands(const NodeArgs& args) {
  const int32_t dtype = args.inputs[kX].dtype;
  if (dtype != EDGERT_F32 && dtype != EDGERT_F64) return unsupported("trees on %s", dtype_name(dtype));
  for (size_t i = kNodes; i < kCount; i++) {
    const edgert_operand& operand = args.inputs[i];
    const bool real = i == kSplits || i == kWeights;
    EDGERT_TRY(expect_dtype(args, operand, kNames[i], real ? dtype : EDGERT_I32));
    EDGERT_TRY(expect_rank(args, operand, kNames[i], i == kNodes ? 2 : 1));
    if (!operand.data) return unsupported("trees that are not constant");
    EDGERT_TRY(expect_plain(args, operand, kNames[i]));
    EDGERT_TRY(expect_form(args, operand, {}, size_of(shape_of(operand))));
  }
  const int64_t nodes[] = {args.inputs[kSplits].dims[0], 4};
  EDGERT_TRY(expect_shape(args, args.inputs[kNodes], kNames[kNodes], nodes));
  return expect_shape(args, args.inputs[kWeights], kNames[kWeights], shape_of(args.inputs[kTargets]));
}

Status check_leaves(const NodeArgs& args, int64_t targets) {
  const auto leaves = integers(args, kLeaves), entries = integers(args, kTargets);
  if (leaves.empty() || leaves.front() < 0 || static_cast<size_t>(leaves.back()) > entries.size())
    return invalid("the leaves do not divide their %zu entries", entries.size());
  for (size_t i = 1; i < leaves.size(); i++)
    if (leaves[i] < leaves[i - 1]) return invalid("leaf %zu ends before it starts", i - 1);
  for (int32_t target : entries)
    if (target < 0 || target >= targets)
      return invalid("a leaf names target %d of %lld", target, static_cast<long long>(targets));
  return {};
}

Status check_child(int32_t child, int64_t nodes, int64_t leaves) {
  if (child >= nodes || -1 - int64_t{child} >= leaves)
    return invalid("child or root %d is none of %lld nodes and %lld leaves", child,
                   static_cast<long long>(nodes), static_cast<long long>(leaves));
  return {};
}

Status check_nodes(const NodeArgs& args, const TreesParams& trees) {
  const auto nodes = integers(args, kNodes);
  const int64_t leaves = args.inputs[kLeaves].dims[0] - 1;
  for (int64_t i = 0; i < trees.nodes; i++) {
    const int32_t* node = &nodes[static_cast<size_t>(i) * 4];
    if (node[0] < 0 || node[0] >= trees.features)
      return invalid("node %lld compares feature %d of %lld", static_cast<long long>(i), node[0],
                     static_cast<long long>(trees.features));
    if (node[1] < 0 || node[1] >= 2 * kMissingIsTrue ||
        node[1] % kMissingIsTrue > static_cast<int32_t>(TreeMode::kNe))
      return invalid("node %lld has mode %d", static_cast<long long>(i), node[1]);
    for (int32_t child : {node[2], node[3]}) {
      EDGERT_TRY(check_child(child, trees.nodes, leaves));
      if (child >= 0 && child <= i)
        return invalid("node %lld has child %d, expected a higher number", static_cast<long long>(i), child);
    }
  }
  for (int32_t root : integers(args, kRoots)) EDGERT_TRY(check_child(root, trees.nodes, leaves));
  return {};
}

Status read_aggregate(const NodeArgs& args, TreeAggregate& out) {
  constexpr std::string_view names[] = {"sum", "average", "min", "max"};
  const std::string_view wanted = args.node.string("aggregate");
  for (size_t i = 0; i < 4; i++) {
    if (names[i] != wanted) continue;
    out = static_cast<TreeAggregate>(i);
    return {};
  }
  return invalid("aggregate is none of sum, average, min and max");
}

}  // namespace

Status parse_trees(const NodeArgs& args, TreesParams& trees) {
  EDGERT_TRY(expect_operands(args, kCount, kCount, 1));
  const edgert_operand &x = args.inputs[kX], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_rank(args, x, "x", 2));
  EDGERT_TRY(check_operands(args));
  EDGERT_TRY(read_int(args, "targets", 0, INT32_MAX, trees.targets));
  EDGERT_TRY(read_aggregate(args, trees.aggregate));
  trees.dtype = x.dtype;
  trees.rows = x.dims[0];
  trees.features = x.dims[1];
  trees.nodes = args.inputs[kNodes].dims[0];
  trees.roots = args.inputs[kRoots].dims[0];
  const int64_t shape[] = {trees.rows, trees.targets};
  EDGERT_TRY(expect_dtype(args, out, "the result", x.dtype));
  EDGERT_TRY(expect_shape(args, out, "the result", shape));
  EDGERT_TRY(check_leaves(args, trees.targets));
  return check_nodes(args, trees);
}

}  // namespace edgert
