#include "ops/grid_sample.h"

#include <algorithm>
#include <cmath>

namespace edgert {
namespace {

Status read_name(const NodeArgs& args, std::string_view attribute, const std::string_view (&known)[3],
                 int32_t& out) {
  const std::string_view name = args.node.string(attribute);
  for (out = 0; out < 3; out++)
    if (name == known[out]) return {};
  return invalid("attribute %.*s is '%.*s'", int(attribute.size()), attribute.data(), int(name.size()),
                 name.data());
}

// The range that a reflection folds positions into.
double low_edge(const GridSampleParams& grid) { return grid.align_corners ? 0.0 : -0.5; }
double span(const GridSampleParams& grid, int64_t size) {
  return static_cast<double>(grid.align_corners ? size - 1 : size);
}

double padded(const GridSampleParams& grid, double at, int64_t size) {
  const double low = low_edge(grid), width = span(grid, size), last = static_cast<double>(size - 1);
  if (grid.padding == GridPadding::kBorder)
    return at < low || at > low + width ? std::min(std::max(at, 0.0), last) : at;
  if (grid.padding == GridPadding::kReflection) {
    if (width == 0) return 0;
    double folded = std::fmod(at - low, 2 * width);
    if (folded < 0) folded += 2 * width;
    return low + std::min(folded, 2 * width - folded);
  }
  return at;
}

// The element at `place`, or the one that stands for it; -1 where there is none.
int64_t element(const GridSampleParams& grid, double place, int64_t size) {
  double found = padded(grid, place, size);
  const double last = static_cast<double>(size - 1);
  if (grid.padding == GridPadding::kBorder) found = found >= 0 ? std::min(found, last) : 0;
  return found >= 0 && found <= last ? static_cast<int64_t>(found) : -1;
}

// Keys' cubic convolution kernel with a = -0.75.
double cubic_weight(double d) {
  constexpr double a = -0.75;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

}  // namespace

Status parse_grid_sample(const NodeArgs& args, GridSampleParams& grid) {
  EDGERT_TRY(expect_operands(args, 2, 2, 1));
  const edgert_operand &x = args.inputs[0], &places = args.inputs[1];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_plain(args, places, "the grid"));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", x.dtype));
  if (places.dtype != EDGERT_F32 && places.dtype != EDGERT_F64)
    return unsupported("a grid of %s", dtype_name(places.dtype));
  static constexpr std::string_view kKinds[] = {"nearest", "linear", "cubic"};
  static constexpr std::string_view kPaddings[] = {"zeros", "border", "reflection"};
  int32_t kind, padding;
  int64_t align;
  EDGERT_TRY(read_name(args, "kind", kKinds, kind));
  EDGERT_TRY(read_name(args, "padding", kPaddings, padding));
  EDGERT_TRY(read_int(args, "align_corners", 0, 1, align));
  grid.kind = static_cast<GridKind>(kind);
  grid.padding = static_cast<GridPadding>(padding);
  grid.align_corners = align;
  grid.dtype = x.dtype;
  grid.wide_grid = places.dtype == EDGERT_F64;
  if (x.rank < 3) return invalid("x has rank %d, expected 3 or more", x.rank);
  grid.axes = x.rank - 2;
  if (grid.axes > kMaxGridAxes) return unsupported("%d spatial axes", grid.axes);
  EDGERT_TRY(expect_rank(args, places, "the grid", x.rank));
  if (places.dims[0] != x.dims[0] || places.dims[x.rank - 1] != grid.axes)
    return invalid("the grid does not fit x");
  int64_t dims[EDGERT_MAX_RANK];
  std::copy_n(places.dims, x.rank, dims);
  dims[x.rank - 1] = grid.channels = x.dims[x.rank - 1];
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", {dims, static_cast<size_t>(x.rank)}));
  grid.batch = x.dims[0];
  grid.points = size_of({dims + 1, static_cast<size_t>(grid.axes)});
  grid.image = grid.channels;
  for (int32_t i = grid.axes - 1; i >= 0; i--) {
    grid.size[i] = x.dims[1 + i];
    grid.stride[i] = grid.image;
    grid.image *= grid.size[i];
  }
  return {};
}

int32_t grid_taps(const GridSampleParams& grid, int32_t axis, double coordinate, int64_t* places,
                  double* weights) {
  const int64_t size = grid.size[axis];
  const double n = static_cast<double>(size);
  double at = grid.align_corners ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (grid.kind == GridKind::kNearest) {
    places[0] = element(grid, std::nearbyint(padded(grid, std::nearbyint(at), size)), size);
    weights[0] = 1;
    return 1;
  }
  // The border of a cubic is padded element by element.
  if (grid.kind != GridKind::kCubic || grid.padding != GridPadding::kBorder) at = padded(grid, at, size);
  const double base = std::floor(at), rest = at - base;
  const int32_t first = grid.kind == GridKind::kLinear ? 0 : -1,
                count = grid.kind == GridKind::kLinear ? 2 : 4;
  for (int32_t i = 0; i < count; i++) {
    const double distance = std::fabs(rest - (first + i));
    places[i] = element(grid, base + first + i, size);
    weights[i] = grid.kind == GridKind::kLinear ? 1 - distance : cubic_weight(distance);
  }
  return count;
}

}  // namespace edgert
