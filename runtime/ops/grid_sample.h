// grid_sample(kind, padding, align_corners): edgec/ops/grid_sample.py.
#pragma once

#include "ops/resize.h"

namespace edgert {

enum class GridPadding : int32_t { kZeros, kBorder, kReflection };

// x [batch, input..., channels], grid [batch, places, spatial] -> [batch, places, channels].
struct GridParams {
  ResizeKind kind = ResizeKind::kLinear;
  GridPadding padding = GridPadding::kZeros;
  bool align_corners = false;
  int32_t dtype = 0, grid_dtype = 0;  // float types
  int32_t spatial = 0;
  int64_t batch = 0, places = 0, channels = 0;
  int64_t input[EDGERT_MAX_RANK] = {};
};
Status parse_grid_sample(const NodeArgs& args, GridParams& grid);

// The elements of an axis of `size` that a coordinate within [-1, 1] is made of: at most 4. Index -1: none.
struct GridTaps {
  int32_t count = 0;
  int64_t at[4] = {};
  double weight[4] = {};
};
GridTaps grid_taps(const GridParams& grid, double coordinate, int64_t size);

}  // namespace edgert
