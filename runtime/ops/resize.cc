#include "ops/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace edgert {
namespace {

template <size_t N>
Status read_choice(const NodeArgs& args, std::string_view name, const std::string_view (&known)[N],
                   int32_t& out) {
  const std::string_view text = args.node.string(name);
  for (out = 0; out < static_cast<int32_t>(N); out++)
    if (text == known[out]) return {};
  return unsupported("attribute %.*s '%.*s'", int(name.size()), name.data(), int(text.size()), text.data());
}

Status read_kinds(const NodeArgs& args, ResizeParams& resize) {
  static constexpr std::string_view kKinds[] = {"nearest", "linear", "cubic"};
  static constexpr std::string_view kCoordinates[] = {"half_pixel",         "half_pixel_symmetric",
                                                      "pytorch_half_pixel", "align_corners",
                                                      "asymmetric",         "tf_crop_and_resize"};
  static constexpr std::string_view kNearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
  int32_t kind, coordinates, nearest;
  EDGERT_TRY(read_choice(args, "kind", kKinds, kind));
  EDGERT_TRY(read_choice(args, "coordinates", kCoordinates, coordinates));
  EDGERT_TRY(read_choice(args, "nearest", kNearest, nearest));
  resize.kind = static_cast<ResizeKind>(kind);
  resize.coordinates = static_cast<ResizeCoordinates>(coordinates);
  resize.nearest = static_cast<ResizeNearest>(nearest);
  int64_t exclude, antialias;
  EDGERT_TRY(read_int(args, "exclude_outside", 0, 1, exclude));
  EDGERT_TRY(read_int(args, "antialias", 0, 1, antialias));
  resize.exclude_outside = exclude;
  resize.antialias = antialias;
  resize.cubic_a = args.node.number("cubic_a", -0.75);
  resize.extrapolation = args.node.number("extrapolation", 0);
  return {};
}

// The scales given, one per axis, in `scales` as numbers or in `scale_bits` as the bits of f64; empty: none.
Status read_scales(const NodeArgs& args, size_t axes, std::span<const double>& numbers,
                   std::span<const int64_t>& bits) {
  if (const Attribute* scales = args.node.find("scales")) numbers = scales->floats;
  if (!numbers.empty() && numbers.size() != axes) return invalid("attribute scales does not fit the axes");
  bits = args.node.ints("scale_bits");
  if (bits.empty()) return {};
  constexpr int64_t kInfinity = int64_t{0x7ff} << 52;
  return read_ints(args, "scale_bits", axes, 1, kInfinity - 1, bits);
}

Status read_roi(const NodeArgs& args, ResizeParams& resize) {
  if (resize.coordinates != ResizeCoordinates::kCropAndResize) return {};
  if (!args.has_input(1)) return invalid("tf_crop_and_resize without a region");
  const edgert_operand& roi = args.inputs[1];
  const int64_t entries = 2 * int64_t{resize.count};
  EDGERT_TRY(expect_plain(args, roi, "the region"));
  EDGERT_TRY(expect_dtype(args, roi, "the region", EDGERT_F32));
  EDGERT_TRY(expect_shape(args, roi, "the region", {&entries, 1}));
  resize.region_at_run = !roi.data;
  if (roi.data) set_region(resize, static_cast<const float*>(roi.data));
  return {};
}

// How many neighbours an element is made of: 2 or 4, more where antialiasing shrinks.
Status choose_taps(const ResizeParams& resize, ResizeAxis& axis) {
  if (resize.kind == ResizeKind::kNearest) return {};
  const double reach = resize.kind == ResizeKind::kLinear ? 1 : 2;
  const double stretch = resize.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double first = std::floor(-reach / stretch) + 1;
  if (-first > 4 * reach * static_cast<double>(axis.in + 4))
    return invalid("scale %g is too small for an axis of %lld", axis.scale, static_cast<long long>(axis.in));
  axis.first_tap = static_cast<int64_t>(first);
  axis.taps = 2 - 2 * axis.first_tap;
  return {};
}

double cubic_weight(double a, double d) {
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

int64_t round_nearest(ResizeNearest nearest, double x) {
  switch (nearest) {
    case ResizeNearest::kRoundPreferFloor: return static_cast<int64_t>(std::ceil(x - 0.5));
    case ResizeNearest::kRoundPreferCeil: return static_cast<int64_t>(std::floor(x + 0.5));
    case ResizeNearest::kFloor: return static_cast<int64_t>(std::floor(x));
    default: return static_cast<int64_t>(std::ceil(x));
  }
}

}  // namespace

Status parse_resize(const NodeArgs& args, ResizeParams& resize) {
  EDGERT_TRY(expect_operands(args, 1, 2, 1));
  const edgert_operand &x = args.inputs[0], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_dtype(args, out, "the result", x.dtype));
  EDGERT_TRY(expect_rank(args, out, "the result", x.rank));
  EDGERT_TRY(read_kinds(args, resize));
  resize.dtype = x.dtype;
  resize.rank = x.rank;
  int64_t dims[EDGERT_MAX_RANK];
  for (int32_t i = 0; i < x.rank; i++) resize.dims[i] = dims[i] = x.dims[i];
  const auto axes = args.node.ints("axes");
  if (axes.size() > static_cast<size_t>(x.rank)) return invalid("more axes than x has");
  std::span<const int64_t> sizes;
  EDGERT_TRY(read_ints(args, "sizes", axes.size(), 0, int64_t{1} << 40, sizes));
  std::span<const double> scales;
  std::span<const int64_t> scale_bits;
  EDGERT_TRY(read_scales(args, axes.size(), scales, scale_bits));
  resize.count = static_cast<int32_t>(axes.size());
  uint32_t seen = 0;
  for (size_t i = 0; i < axes.size(); i++) {
    if (axes[i] < 0 || axes[i] >= x.rank || (seen >> axes[i] & 1u))
      return invalid("attribute axes does not name axes of x, each once");
    seen |= 1u << axes[i];
    ResizeAxis& axis = resize.axes[i];
    axis.axis = axes[i];
    axis.in = x.dims[axes[i]];
    axis.out = dims[axes[i]] = sizes[i];
    if (!scale_bits.empty()) std::memcpy(&axis.scale, &scale_bits[i], sizeof axis.scale);
    else if (!scales.empty()) axis.scale = scales[i];
    else if (axis.in) axis.scale = static_cast<double>(axis.out) / static_cast<double>(axis.in);
    const bool scaled = !scale_bits.empty() || !scales.empty();
    axis.length = scaled ? axis.scale * static_cast<double>(axis.in) : static_cast<double>(axis.out);
    if (axis.out && (axis.in == 0 || !(axis.scale > 0) || std::isinf(axis.scale)))
      return invalid("axis %lld of %lld elements cannot be scaled by %g", static_cast<long long>(axis.axis),
                     static_cast<long long>(axis.in), axis.scale);
    if (axis.out) EDGERT_TRY(choose_taps(resize, axis));
  }
  EDGERT_TRY(expect_shape(args, out, "the result", {dims, static_cast<size_t>(x.rank)}));
  return read_roi(args, resize);
}

void set_region(ResizeParams& resize, const float* values) {
  for (int32_t i = 0; i < resize.count; i++) {
    resize.axes[i].start = static_cast<double>(values[i]);
    resize.axes[i].end = static_cast<double>(values[resize.count + i]);
  }
}

double resize_position(const ResizeParams& resize, const ResizeAxis& axis, int64_t i) {
  const double at = static_cast<double>(i), in = static_cast<double>(axis.in),
               out = static_cast<double>(axis.out);
  switch (resize.coordinates) {
    case ResizeCoordinates::kAsymmetric: return at / axis.scale;
    case ResizeCoordinates::kAlignCorners: return axis.length > 1 ? at * (in - 1) / (axis.length - 1) : 0;
    case ResizeCoordinates::kPytorchHalfPixel: return out > 1 ? (at + 0.5) / axis.scale - 0.5 : 0;
    case ResizeCoordinates::kHalfPixelSymmetric:
      return in / 2 * (1 - out / (in * axis.scale)) + (at + 0.5) / axis.scale - 0.5;
    case ResizeCoordinates::kCropAndResize:
      if (out > 1) return axis.start * (in - 1) + at * (axis.end - axis.start) * (in - 1) / (out - 1);
      return 0.5 * (axis.start + axis.end) * (in - 1);
    case ResizeCoordinates::kHalfPixel: break;
  }
  return (at + 0.5) / axis.scale - 0.5;
}

bool resize_outside(const ResizeParams& resize, const ResizeAxis& axis, double position) {
  return resize.coordinates == ResizeCoordinates::kCropAndResize &&
         !(position >= 0 && position <= static_cast<double>(axis.in - 1));
}

void resize_taps(const ResizeParams& resize, const ResizeAxis& axis, int64_t i, int64_t* places,
                 double* weights) {
  // Far outside every place is an end of the axis; a NaN counts as far outside too.
  constexpr double kFar = 1e15;
  double at = resize_position(resize, axis, i);
  at = at >= -kFar ? std::min(at, kFar) : -kFar;
  if (resize.kind == ResizeKind::kNearest) {
    places[0] = std::clamp<int64_t>(round_nearest(resize.nearest, at), 0, axis.in - 1);
    weights[0] = 1;
    return;
  }
  const double base = std::ceil(at) - 1, ratio = at - base;
  const double stretch = resize.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const auto weight = [&](int64_t tap) {
    const int64_t offset = axis.first_tap + tap, place = static_cast<int64_t>(base) + offset;
    if (resize.exclude_outside && (place < 0 || place >= axis.in)) return 0.0;
    const double distance = std::fabs(static_cast<double>(offset) - ratio) * stretch;
    return resize.kind == ResizeKind::kLinear ? std::max(1 - distance, 0.0)
                                              : cubic_weight(resize.cubic_a, distance);
  };
  double total = 0;
  for (int64_t tap = 0; tap < axis.taps; tap++) total += weight(tap);
  if (!resize.antialias && !resize.exclude_outside) total = 1;
  for (int64_t tap = 0; tap < axis.taps; tap++) {
    weights[tap] = weight(tap) / total;
    places[tap] = std::clamp<int64_t>(static_cast<int64_t>(base) + axis.first_tap + tap, 0, axis.in - 1);
  }
}

}  // namespace edgert
