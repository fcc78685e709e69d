#include "ops/grid_sample.h"

#include <algorithm>
#include <cmath>

namespace edgert {
namespace {

double cubic_weight(double d) {
  constexpr double a = -0.75;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

// A position moved inside as the padding says; zeros leaves it.
double padded(const GridParams& grid, double at, int64_t size) {
  const double low = grid.align_corners ? 0.0 : -0.5;
  const double span = static_cast<double>(grid.align_corners ? size - 1 : size);
  if (grid.padding == GridPadding::kBorder)
    return at < low || at > low + span ? std::clamp(at, 0.0, static_cast<double>(size - 1)) : at;
  if (grid.padding != GridPadding::kReflection) return at;
  if (span == 0) return 0;
  double folded = std::fmod(at - low, 2 * span);
  if (folded < 0) folded += 2 * span;
  return low + std::min(folded, 2 * span - folded);
}

// The index of the element at `place`, or -1 where there is none.
int64_t element_at(const GridParams& grid, double place, int64_t size) {
  double found = padded(grid, place, size);
  if (!(found == found)) found = -1;
  const double last = static_cast<double>(size - 1);
  if (grid.padding == GridPadding::kBorder) found = std::clamp(found, 0.0, last);
  return found >= 0 && found <= last ? static_cast<int64_t>(found) : -1;
}

}  // namespace

GridTaps grid_taps(const GridParams& grid, double coordinate, int64_t size) {
  const double n = static_cast<double>(size);
  double at = grid.align_corners ? (coordinate + 1) / 2 * (n - 1) : ((coordinate + 1) * n - 1) / 2;
  if (grid.kind == ResizeKind::kNearest) at = std::nearbyint(at);
  at = padded(grid, at, size);
  GridTaps taps;
  const auto add = [&](double place, double weight) {
    taps.at[taps.count] = element_at(grid, place, size);
    taps.weight[taps.count++] = weight;
  };
  const double base = std::floor(at), share = at - base;
  if (grid.kind == ResizeKind::kNearest) {
    add(std::nearbyint(at), 1);
  } else if (grid.kind == ResizeKind::kLinear) {
    add(base, 1 - share);
    add(base + 1, share);
  } else {
    for (int k = -1; k <= 2; k++) add(base + k, cubic_weight(std::fabs(share - k)));
  }
  return taps;
}

Status parse_grid_sample(const NodeArgs& args, GridParams& grid) {
  EDGERT_TRY(expect_operands(args, 2, 2, 1));
  const edgert_operand &x = args.inputs[0], &places = args.inputs[1], &out = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(expect_plain(args, places, "the grid"));
  EDGERT_TRY(expect_dtype(args, out, "the result", x.dtype));
  if (x.rank < 3) return invalid("x has rank %d, expected at least 3", x.rank);
  EDGERT_TRY(expect_rank(args, places, "the grid", x.rank));
  const std::string_view kind = args.node.string("kind"), padding = args.node.string("padding");
  if (kind == "nearest") grid.kind = ResizeKind::kNearest;
  else if (kind == "linear") grid.kind = ResizeKind::kLinear;
  else if (kind == "cubic") grid.kind = ResizeKind::kCubic;
  else return invalid("attribute kind is '%.*s', expected nearest, linear or cubic", int(kind.size()), kind.data());
  if (padding == "zeros") grid.padding = GridPadding::kZeros;
  else if (padding == "border") grid.padding = GridPadding::kBorder;
  else if (padding == "reflection") grid.padding = GridPadding::kReflection;
  else return invalid("attribute padding is '%.*s', expected zeros, border or reflection", int(padding.size()), padding.data());
  int64_t align;
  EDGERT_TRY(read_int(args, "align_corners", 0, 1, align));
  grid.align_corners = align;
  grid.dtype = x.dtype;
  grid.grid_dtype = places.dtype;
  grid.spatial = x.rank - 2;
  grid.batch = x.dims[0];
  grid.channels = x.dims[x.rank - 1];
  const auto shape = shape_of(places);
  grid.places = size_of(shape.subspan(1, shape.size() - 2));
  if (shape[0] != grid.batch || shape[shape.size() - 1] != grid.spatial) return invalid("the grid does not fit x");
  int64_t dims[EDGERT_MAX_RANK];
  std::copy(shape.begin(), shape.end(), dims);
  dims[x.rank - 1] = grid.channels;
  EDGERT_TRY(expect_shape(args, out, "the result", {dims, shape.size()}));
  for (int32_t i = 0; i < grid.spatial; i++) {
    grid.input[i] = x.dims[i + 1];
    if (grid.input[i] == 0 && size_of(shape_of(out)) != 0) return invalid("x is empty");
  }
  return {};
}

}  // namespace edgert
