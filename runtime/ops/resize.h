// resize: resampling along axes, separably, as ONNX Resize-19 (edgec/ops/resize.py).
#pragma once

#include "ops/common.h"

namespace edgert {

enum class ResizeKind : int32_t { kNearest, kLinear, kCubic };
enum class ResizeCoordinates : int32_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kCropAndResize
};
enum class ResizeNearest : int32_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };

// One resampled axis: `in` elements to `out`.
struct ResizeAxis {
  int64_t axis = 0, in = 0, out = 0;
  double scale = 1;
  double length = 0;                // the resized length before it is rounded to `out`
  double start = 0, end = 0;        // of the region, tf_crop_and_resize only
  int64_t first_tap = 0, taps = 1;  // offsets from the left neighbour; nearest: one tap
};

struct ResizeParams {
  ResizeKind kind = ResizeKind::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  ResizeNearest nearest = ResizeNearest::kRoundPreferFloor;
  double cubic_a = -0.75, extrapolation = 0;
  bool exclude_outside = false, antialias = false;
  bool region_at_run = false;  // the axes' start and end are known then only: `set_region`
  int32_t dtype = 0;
  int32_t rank = 0, count = 0;  // axes of x, resampled axes
  int64_t dims[EDGERT_MAX_RANK] = {};
  ResizeAxis axes[EDGERT_MAX_RANK];
};
Status parse_resize(const NodeArgs& args, ResizeParams& resize);

// The region's starts and ends, f32 [2 * count].
void set_region(ResizeParams& resize, const float* values);

// Where element `i` of a resampled axis lies on the input.
double resize_position(const ResizeParams& resize, const ResizeAxis& axis, int64_t i);
// Whether that is outside the input, so that the extrapolation value stands there.
bool resize_outside(const ResizeParams& resize, const ResizeAxis& axis, double position);
// The input elements [taps] that element `i` is made of, within the axis, and their weights.
void resize_taps(const ResizeParams& resize, const ResizeAxis& axis, int64_t i, int64_t* places,
                 double* weights);

}  // namespace edgert
