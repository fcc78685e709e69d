#include "backends/cpu/kernels/conv_rows.h"

#include <algorithm>
#include <cstring>

namespace edgert::cpu {
namespace {

constexpr int64_t kFewChannels = 32;

// The part of a segment that starts at column `start` of a line at `line` and lies inside it; zeros outside.
void copy_segment(const ConvRows& r, const float* line, int64_t start, float* to) {
  const int64_t width = r.input[r.spatial - 1], taps = r.segment / r.channels;
  const int64_t first = std::clamp<int64_t>(-start, 0, taps),
                last = std::clamp<int64_t>(width - start, first, taps);
  std::fill_n(to, first * r.channels, 0.0f);
  std::copy_n(line + (start + first) * r.channels, (last - first) * r.channels, to + first * r.channels);
  std::fill_n(to + last * r.channels, (taps - last) * r.channels, 0.0f);
}

// Output pixels side by side: `place` is the first input pixel of the first one's window.
struct Run {
  const float* image;
  int64_t place[kMaxSpatial];
  int64_t first;  // element of the image at `place`, perhaps outside
  int count;

  bool inside(const ConvRows& r) const {
    const int last = r.spatial - 1;
    bool inside = place[last] + (count - 1) * r.strides[last] + r.span[last] <= r.input[last];
    for (int i = 0; i < r.spatial; i++) inside &= place[i] >= 0 && place[i] + r.span[i] <= r.input[i];
    return inside;
  }
};

Run find_run(const ConvRows& r, const float* x, int64_t row, int count) {
  const int last = r.spatial - 1;
  Run run{};
  const int64_t column = row % r.output[last];
  int64_t rest = row / r.output[last];
  run.place[last] = column * r.strides[last] - r.pads[last];
  run.count = static_cast<int>(std::min<int64_t>(count, r.output[last] - column));
  for (int i = last - 1; i >= 0; i--) {
    run.place[i] = rest % r.output[i] * r.strides[i] - r.pads[i];
    rest /= r.output[i];
  }
  run.image = x + rest * r.image;
  for (int i = 0; i <= last; i++) run.first = run.first * r.input[i] + run.place[i];
  run.first *= r.channels;
  return run;
}

// The pointers of one tap, which lies inside along the outer axes.
void fill_tap(const ConvRows& r, const Run& run, int64_t tap, const float** pointers, float*& border) {
  const int last = r.spatial - 1;
  const int64_t step = r.strides[last], width = r.input[last], taps = r.segment ? r.span[last] : 1;
  const int64_t offset = run.first + r.tap_offsets[tap];
  int64_t at = run.place[last] + r.tap_places[tap * r.spatial + last];
  for (int k = 0; k < run.count; k++, at += step) {
    const bool whole = at >= 0 && at + taps <= width;
    pointers[k] = whole ? run.image + (offset + k * step * r.channels) : r.zeros;
    if (whole || !r.segment) continue;
    copy_segment(r, run.image + (offset + k * step * r.channels - at * r.channels), at, border);
    pointers[k] = border;
    border += r.segment;
  }
}

void fill_run(const ConvRows& r, const Run& run, int stride, const float** pointers, float*& border) {
  for (int64_t tap = 0; tap < r.taps; tap++, pointers += stride) {
    bool inside = true;
    for (int i = 0; i + 1 < r.spatial; i++) {
      const int64_t at = run.place[i] + r.tap_places[tap * r.spatial + i];
      inside &= at >= 0 && at < r.input[i];
    }
    if (inside) fill_tap(r, run, tap, pointers, border);
    else std::fill_n(pointers, run.count, r.zeros);
  }
}

}  // namespace

bool segments_pay(const ConvParams& p) {
  const int last = p.spatial - 1;
  return p.dilations[last] == 1 && p.kernel[last] > 1 && p.channels <= kFewChannels;
}

Status plan_conv_rows(const ConvParams& p, bool segments, edgert_plan& plan, ConvRows& r) {
  const int last = p.spatial - 1;
  r.spatial = p.spatial;
  r.channels = p.channels;
  r.image = p.channels;
  for (int i = 0; i < p.spatial; i++) {
    r.input[i] = p.input[i];
    r.output[i] = p.output[i];
    r.strides[i] = p.strides[i];
    r.pads[i] = p.pads[i];
    r.span[i] = (p.kernel[i] - 1) * p.dilations[i] + 1;
    r.image *= p.input[i];
  }
  r.dense = p.taps == 1;
  for (int i = 0; i < p.spatial; i++)
    r.dense &= p.strides[i] == 1 && p.pads[i] == 0 && p.output[i] == p.input[i];
  r.segment = segments ? p.kernel[last] * p.channels : 0;
  r.taps = segments ? p.taps / p.kernel[last] : p.taps;
  auto* offsets = allocate<int64_t>(plan, static_cast<size_t>(r.taps));
  auto* places = allocate<int64_t>(plan, static_cast<size_t>(r.taps * p.spatial));
  r.zeros = allocate<float>(plan, static_cast<size_t>(std::max(r.segment, p.channels)));
  r.tap_offsets = offsets;
  r.tap_places = places;
  if (!offsets || !places || !r.zeros) return no_memory();
  for (int64_t tap = 0; tap < r.taps; tap++) {
    int64_t rest = segments ? tap * p.kernel[last] : tap, stride = p.channels;
    for (int i = last; i >= 0; i--) {
      places[tap * p.spatial + i] = rest % p.kernel[i] * p.dilations[i];
      offsets[tap] += places[tap * p.spatial + i] * stride;
      rest /= p.kernel[i];
      stride *= p.input[i];
    }
  }
  return {};
}

const int64_t* fill_conv_rows(const ConvRows& r, const float* x, int64_t row, int count,
                              const float** pointers, float* border) {
  if (r.dense) {
    for (int k = 0; k < count; k++) pointers[k] = x + (row + k) * r.channels;
    return nullptr;
  }
  const int64_t step = r.strides[r.spatial - 1] * r.channels;
  bool inside = true;
  for (int k = 0; k < count && inside;) {
    const Run run = find_run(r, x, row + k, count - k);
    inside = run.inside(r);
    for (int i = 0; inside && i < run.count; i++) pointers[k + i] = run.image + (run.first + i * step);
    k += run.count;
  }
  if (inside) return r.tap_offsets;
  for (int k = 0; k < count;) {
    const Run run = find_run(r, x, row + k, count - k);
    fill_run(r, run, count, pointers + k, border);
    k += run.count;
  }
  return nullptr;
}

}  // namespace edgert::cpu
