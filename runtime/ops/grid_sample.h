// grid_sample(kind, padding, align_corners): x [batch, size..., channels] read at the places of a grid.
#pragma once

#include "ops/common.h"

namespace edgert {

inline constexpr int32_t kMaxGridAxes = 3;

enum class GridKind : int32_t { kNearest, kLinear, kCubic };
enum class GridPadding : int32_t { kZeros, kBorder, kReflection };

struct GridSampleParams {
  int32_t dtype = 0;
  bool wide_grid = false;  // f64 coordinates, else f32
  GridKind kind = GridKind::kLinear;
  GridPadding padding = GridPadding::kZeros;
  bool align_corners = false;
  int32_t axes = 0;
  int64_t batch = 0, points = 0, channels = 0;                            // `points` of one image
  int64_t size[kMaxGridAxes] = {}, stride[kMaxGridAxes] = {}, image = 0;  // strides in elements
};
Status parse_grid_sample(const NodeArgs& args, GridSampleParams& grid);

// The elements of an axis that make the value at grid coordinate `coordinate`, at most 4, with their weights;
// place -1: no element. Returns how many.
int32_t grid_taps(const GridSampleParams& grid, int32_t axis, double coordinate, int64_t* places,
                  double* weights);

}  // namespace edgert
