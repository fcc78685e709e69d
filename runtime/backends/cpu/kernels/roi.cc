// roi_align: every bin of every region from its bilinear samples.
#include "ops/roi.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/indices.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

constexpr double kMostSamples = 4096;  // of one bin along one axis, where the region's size asks for them

Status plan_roi_align(const NodeArgs& args, edgert_plan& plan) {
  RoiParams* state = new_state<RoiParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_roi_align(args, *state));
  for (int32_t dtype : {state->dtype, state->roi_dtype})
    if (!is_float(dtype)) return unsupported("regions of %s", dtype_name(dtype));
  return {};
}

// One axis of one region.
struct Span {
  double low, step;
  int64_t samples, size;
};

// The neighbours of sample `s` of bin `bin` and their weights; 0 where it lies far outside.
struct Neighbours {
  int64_t at[2];
  float weight[2];
};
Neighbours neighbours(const Span& span, int64_t bin, int64_t s) {
  double at = span.low + span.step * static_cast<double>(bin) +
              (static_cast<double>(s) + 0.5) * span.step / static_cast<double>(span.samples);
  const bool outside = !(at >= -1 && at <= static_cast<double>(span.size));
  at = outside ? 0 : std::clamp(at, 0.0, static_cast<double>(span.size - 1));
  const int64_t base = static_cast<int64_t>(at);
  const double share = at - static_cast<double>(base);
  return {{base, std::min(base + 1, span.size - 1)},
          {outside ? 0.0f : static_cast<float>(1 - share), outside ? 0.0f : static_cast<float>(share)}};
}

Span make_span(const RoiParams& p, double low, double high, int axis) {
  const double bins = static_cast<double>(p.bins[axis]);
  const double length = p.half_pixel ? high - low : std::max(high - low, 1.0);
  const double asked = std::ceil(length / bins);
  const int64_t samples = asked >= 1 ? static_cast<int64_t>(std::min(asked, kMostSamples)) : 1;
  return {low, length / bins, p.samples ? p.samples : samples, p.input[axis]};
}

template <class S>
typename S::Value pool_bin(const RoiParams& p, const typename S::Stored* image, const Span* spans, int64_t row,
                           int64_t column, int64_t channel) {
  using T = typename S::Value;
  T total = p.max ? least<T>() : T{0};
  for (int64_t i = 0; i < spans[0].samples; i++) {
    const Neighbours y = neighbours(spans[0], row, i);
    for (int64_t j = 0; j < spans[1].samples; j++) {
      const Neighbours x = neighbours(spans[1], column, j);
      for (int a = 0; a < 4; a++) {
        const int64_t at = y.at[a / 2] * p.input[1] + x.at[a % 2];
        const T part = S::load(image[at * p.channels + channel]) * static_cast<T>(y.weight[a / 2] * x.weight[a % 2]);
        total = p.max ? larger(total, part) : total + part;
      }
    }
  }
  return p.max ? total : total / static_cast<T>(spans[0].samples * spans[1].samples);
}

template <class S, class R>
void align_region(const RoiParams& p, const typename S::Stored* image, const typename R::Stored* roi,
                  typename S::Stored* out) {
  double corner[4];
  for (int i = 0; i < 4; i++)
    corner[i] = static_cast<double>(R::load(roi[i])) * p.scale - (p.half_pixel ? 0.5 : 0);
  const Span spans[] = {make_span(p, corner[1], corner[3], 0), make_span(p, corner[0], corner[2], 1)};
  for (int64_t row = 0; row < p.bins[0]; row++)
    for (int64_t column = 0; column < p.bins[1]; column++)
      for (int64_t c = 0; c < p.channels; c++) *out++ = S::store(pool_bin<S>(p, image, spans, row, column, c));
}

Status run_roi_align(const RoiParams& p, const edgert_call& call) {
  const Indices images = {call.inputs[2], p.wide};
  int64_t bad;
  if (!all_within(images, p.regions, p.batch, bad)) return index_error(images.at(bad), p.batch);
  const int64_t image = p.input[0] * p.input[1] * p.channels, region = p.bins[0] * p.bins[1] * p.channels;
  with_float(p.dtype, [&](auto storage) {
    with_float(p.roi_dtype, [&](auto roi_storage) {
      using S = decltype(storage);
      using R = decltype(roi_storage);
      const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
      const auto* rois = static_cast<const typename R::Stored*>(call.inputs[1]);
      auto* out = static_cast<typename S::Stored*>(call.outputs[0]);
      parallel(call, p.regions, [&](int64_t r, int32_t) {
        align_region<S, R>(p, x + images.position(r, p.batch) * image, rois + r * 4, out + r * region);
      });
    });
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel roi_align_kernel = cpu::make_kernel<RoiParams, cpu::plan_roi_align, cpu::run_roi_align>("roi_align");

}  // namespace edgert
