#include "backends/cpu/kernels/conv_dot.h"

#include <algorithm>
#include <cstring>

namespace edgert::cpu {
namespace {

// The rows of a window that crosses a border; `place` is its first pixel, `base` that one's offset.
void fill_border(const ConvDot& c, const uint8_t* x, const int64_t* place, int64_t base, int count,
                 const uint8_t** pointers, uint8_t* room) {
  const int last = c.spatial - 1;
  const int64_t first = std::clamp<int64_t>(-place[last], 0, c.span[last]),
                end = std::clamp<int64_t>(c.input[last] - place[last], first, c.span[last]);
  for (int64_t tap = 0; tap < c.shape.taps; tap++, room += c.shape.channels) {
    bool inside = first < end;
    for (int i = 0; i < last; i++) {
      const int64_t at = place[i] + c.places[tap * c.spatial + i];
      inside &= at >= 0 && at < c.input[i];
    }
    const uint8_t* from = x + base + c.offsets[tap];
    pointers[tap * count] = !inside ? c.zeros : from;
    if (!inside || end - first == c.span[last]) continue;
    std::memset(room, 0, static_cast<size_t>(c.shape.channels));
    std::memcpy(room + first * c.channels, from + first * c.channels,
                static_cast<size_t>((end - first) * c.channels));
    pointers[tap * count] = room;
  }
}

void fill_rows(const void* context, const uint8_t* x, int64_t row, int count, const uint8_t** pointers,
               uint8_t* room) {
  const ConvDot& c = *static_cast<const ConvDot*>(context);
  for (int r = 0; r < count; r++) {
    if (c.dense) {
      pointers[r] = x + (row + r) * c.channels;
      continue;
    }
    int64_t place[kMaxSpatial], rest = row + r, base = 0, size = c.channels;
    bool inside = true;
    for (int i = c.spatial - 1; i >= 0; i--) {
      place[i] = rest % c.output[i] * c.strides[i] - c.pads[i];
      inside &= place[i] >= 0 && place[i] + c.span[i] <= c.input[i];
      base += place[i] * size;
      rest /= c.output[i];
      size *= c.input[i];
    }
    base += rest * size;
    if (!inside) {
      fill_border(c, x, place, base, count, pointers + r, room + r * c.shape.row_room);
      continue;
    }
    for (int64_t tap = 0; tap < c.shape.taps; tap++) pointers[tap * count + r] = x + base + c.offsets[tap];
  }
}

}  // namespace

Status plan_conv_dot(const ConvParams& p, int32_t x, edgert_plan& plan, ConvDot& c) {
  const int last = p.spatial - 1;
  DotShape& s = c.shape;
  s.rows = p.epilogue.size() / p.outputs;
  s.taps = p.taps / p.kernel[last];
  s.channels = p.kernel[last] * p.channels;
  s.columns = p.outputs;
  s.weights = p.dot;
  s.row_room = s.taps * s.channels;
  c.spatial = p.spatial;
  c.channels = p.channels;
  c.dense = p.taps == 1;
  for (int i = 0; i < p.spatial; i++) {
    c.input[i] = p.input[i];
    c.output[i] = p.output[i];
    c.strides[i] = p.strides[i];
    c.pads[i] = p.pads[i];
    c.span[i] = (p.kernel[i] - 1) * p.dilations[i] + 1;
    c.dense &= p.strides[i] == 1 && p.pads[i] == 0 && p.input[i] == p.output[i];
  }
  if (c.dense) s.row_room = 0;
  auto* offsets = allocate<int64_t>(plan, static_cast<size_t>(s.taps));
  auto* places = allocate<int64_t>(plan, static_cast<size_t>(s.taps * p.spatial));
  c.zeros = allocate<uint8_t>(plan, static_cast<size_t>(s.channels));
  c.offsets = offsets;
  c.places = places;
  if (!offsets || !places || !c.zeros) return no_memory();
  for (int64_t tap = 0; tap < s.taps; tap++) {
    int64_t rest = tap, size = p.input[last] * p.channels;
    for (int i = last - 1; i >= 0; i--) {
      places[tap * p.spatial + i] = rest % p.kernel[i] * p.dilations[i];
      offsets[tap] += places[tap * p.spatial + i] * size;
      rest /= p.kernel[i];
      size *= p.input[i];
    }
  }
  return plan_dot(p.epilogue, x, s, plan);
}

Status run_conv_dot(const ConvDot& c, const edgert_call& call) {
  return run_dot(c.shape, call, {fill_rows, &c});
}

}  // namespace edgert::cpu
