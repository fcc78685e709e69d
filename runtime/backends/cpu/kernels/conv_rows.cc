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

// A pixel whose window crosses a border: `place` is the window's first input pixel.
void fill_border(const ConvRows& r, const float* image, const int64_t* place, int64_t base, int count,
                 const float** pointers, float*& border) {
  const int checked = r.spatial - (r.segment ? 1 : 0);
  const int last = r.spatial - 1;
  const bool cuts = r.segment && (place[last] < 0 || place[last] + r.span[last] > r.input[last]);
  for (int64_t tap = 0; tap < r.taps; tap++) {
    bool inside = true;
    for (int i = 0; i < checked; i++) {
      const int64_t at = place[i] + r.tap_places[tap * r.spatial + i];
      inside &= at >= 0 && at < r.input[i];
    }
    const int64_t offset = base + r.tap_offsets[tap];
    if (!inside) {
      pointers[tap * count] = r.zeros;
    } else if (!cuts) {
      pointers[tap * count] = image + offset;
    } else {
      copy_segment(r, image + (offset - place[last] * r.channels), place[last], border);
      pointers[tap * count] = border;
      border += r.segment;
    }
  }
}

}  // namespace

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
  segments = segments && p.dilations[last] == 1 && p.kernel[last] > 1 && p.channels <= kFewChannels;
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

void fill_conv_rows(const ConvRows& r, const float* x, int64_t row, int count, const float** pointers,
                    float* border) {
  if (r.dense) {
    for (int k = 0; k < count; k++) pointers[k] = x + (row + k) * r.channels;
    return;
  }
  const int last = r.spatial - 1;
  const int64_t width = r.output[last], step = r.strides[last];
  for (int k = 0; k < count;) {
    // A run of pixels of one line.
    int64_t place[kMaxSpatial], rest = (row + k) / width, line = 0;
    bool inside = true;
    int64_t column = (row + k) % width;
    for (int i = last - 1; i >= 0; i--) {
      place[i] = rest % r.output[i] * r.strides[i] - r.pads[i];
      inside &= place[i] >= 0 && place[i] + r.span[i] <= r.input[i];
      rest /= r.output[i];
    }
    const float* image = x + rest * r.image;
    for (int i = 0; i < last; i++) line = line * r.input[i] + place[i];
    line *= r.input[last];
    for (; k < count && column < width; k++, column++) {
      place[last] = column * step - r.pads[last];
      const int64_t base = (line + place[last]) * r.channels;
      if (inside && place[last] >= 0 && place[last] + r.span[last] <= r.input[last]) {
        for (int64_t tap = 0; tap < r.taps; tap++)
          pointers[tap * count + k] = image + (base + r.tap_offsets[tap]);
      } else {
        fill_border(r, image, place, base, count, pointers + k, border);
      }
    }
  }
}

}  // namespace edgert::cpu
