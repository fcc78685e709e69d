// roi_align: bins of a region, each pooled over bilinear samples.
#include "ops/roi.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/indices.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

// One axis of a region: bins of `step`, `count` samples in each.
struct RoiAxis {
  double low, step;
  int64_t count, size;
};
// The two neighbours of a sample.
struct Sample {
  int64_t place[2];
  double weight[2];
};

Status plan_roi_align(const NodeArgs& args, edgert_plan& plan) {
  RoiAlignParams* state = new_state<RoiAlignParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_roi_align(args, *state));
  if (!is_float(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  return {};
}

Sample sample_at(const RoiAxis& axis, int64_t bin, int64_t i) {
  const double last = static_cast<double>(axis.size - 1);
  double at = axis.low + axis.step * static_cast<double>(bin) +
              (static_cast<double>(i) + 0.5) * axis.step / static_cast<double>(axis.count);
  const bool outside = at < -1 || at > static_cast<double>(axis.size);
  at = std::min(std::max(at, 0.0), last);
  const int64_t base = static_cast<int64_t>(at);
  const double rest = at - static_cast<double>(base);
  return {{base, std::min(base + 1, axis.size - 1)}, {outside ? 0 : 1 - rest, outside ? 0 : rest}};
}

// False where the region asks for more samples than an image can need.
bool make_axis(const RoiAlignParams& p, double low, double high, int64_t bins, int64_t size, RoiAxis& axis) {
  const double shift = p.half_pixel ? 0.5 : 0.0;
  low = low * p.scale - shift;
  high = high * p.scale - shift;
  const double length = p.half_pixel ? high - low : std::max(high - low, 1.0);
  if (!(std::fabs(low) < 1e9 && std::fabs(length) < 64.0 * static_cast<double>(size + 16))) return false;
  axis = {low, length / static_cast<double>(bins), p.samples, size};
  if (axis.count == 0) axis.count = std::max<int64_t>(static_cast<int64_t>(std::ceil(axis.step)), 1);
  return true;
}

template <class S>
double pool_bin(const RoiAlignParams& p, const typename S::Stored* image, const RoiAxis& rows,
                const RoiAxis& columns, int64_t i, int64_t j) {
  double total = p.is_max ? -std::numeric_limits<double>::infinity() : 0;
  for (int64_t a = 0; a < rows.count; a++) {
    const Sample row = sample_at(rows, i, a);
    for (int64_t b = 0; b < columns.count; b++) {
      const Sample column = sample_at(columns, j, b);
      for (int k = 0; k < 4; k++) {
        const double value = static_cast<double>(
            S::load(image[(row.place[k / 2] * p.columns + column.place[k % 2]) * p.channels]));
        const double part = value * row.weight[k / 2] * column.weight[k % 2];
        if (p.is_max) total = part > total || part != part ? part : total;
        else total += part;
      }
    }
  }
  return p.is_max ? total : total / static_cast<double>(rows.count * columns.count);
}

double coordinate(const RoiAlignParams& p, const void* rois, int64_t i) {
  return p.wide_rois ? static_cast<const double*>(rois)[i] : double{static_cast<const float*>(rois)[i]};
}

template <class S>
Status pool_region(const RoiAlignParams& p, const edgert_call& call, int64_t r) {
  RoiAxis rows, columns;
  const void* rois = call.inputs[1];
  if (!make_axis(p, coordinate(p, rois, r * 4 + 1), coordinate(p, rois, r * 4 + 3), p.height, p.rows, rows) ||
      !make_axis(p, coordinate(p, rois, r * 4), coordinate(p, rois, r * 4 + 2), p.width, p.columns, columns))
    return error(EDGERT_ERROR_GUARD, "region %lld is far larger than the image", static_cast<long long>(r));
  const int64_t batch = Indices{call.inputs[2], p.wide_indices}.position(r, p.batch);
  const auto* image =
      static_cast<const typename S::Stored*>(call.inputs[0]) + batch * p.rows * p.columns * p.channels;
  auto* out = static_cast<typename S::Stored*>(call.outputs[0]) + r * p.height * p.width * p.channels;
  parallel(call, p.height * p.width, [&](int64_t bin, int32_t) {
    for (int64_t c = 0; c < p.channels; c++) {
      const double value = pool_bin<S>(p, image + c, rows, columns, bin / p.width, bin % p.width);
      out[bin * p.channels + c] = S::store(static_cast<typename S::Value>(value));
    }
  });
  return {};
}

Status run_roi_align(const RoiAlignParams& p, const edgert_call& call) {
  const Indices indices{call.inputs[2], p.wide_indices};
  int64_t bad;
  if (!all_within(indices, p.rois, p.batch, bad)) return index_error(indices.at(bad), p.batch);
  if (p.channels == 0) return {};
  Status status;
  with_float(p.dtype, [&](auto storage) {
    for (int64_t r = 0; r < p.rois && status.ok(); r++) status = pool_region<decltype(storage)>(p, call, r);
  });
  return status;
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel roi_align_kernel =
    make_kernel<RoiAlignParams, plan_roi_align, run_roi_align>("roi_align");

}  // namespace edgert
