// tree_ensemble: the trees are constants, which are checked as a whole.
#pragma once

#include "ops/common.h"

namespace edgert {

enum class TreeAggregate { kSum, kAverage, kMin, kMax };
// How a node compares a feature with its split; 8 more where NaN takes the true branch.
enum class TreeMode { kLe, kLt, kGe, kGt, kEq, kNe };
inline constexpr int32_t kMissingIsTrue = 8;

// Numbers of features, targets, leaves' entries and children lie within their arrays, and a child node has a
// higher number than its parent, so that every walk ends.
struct TreesParams {
  int32_t dtype = 0;  // f32 or f64: of x, splits, weights and the result
  int64_t rows = 0, features = 0, targets = 0;
  int64_t nodes = 0, roots = 0;
  TreeAggregate aggregate = TreeAggregate::kSum;
};
Status parse_trees(const NodeArgs& args, TreesParams& trees);

}  // namespace edgert
