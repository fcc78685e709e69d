#include "backends/cpu/kernels/conv_dot.h"

#include <algorithm>
#include <cstring>

namespace edgert::cpu {
namespace {

// The rows of a window that crosses a border; `place` is its first pixel, `base` that one's offset.
void fill_border(const ConvRows& r, const uint8_t* x, const int64_t* place, int64_t base, int count,
                 const uint8_t** pointers, uint8_t* room) {
  const int last = r.spatial - 1;
  const int64_t first = std::clamp<int64_t>(-place[last], 0, r.span[last]),
                end = std::clamp<int64_t>(r.input[last] - place[last], first, r.span[last]);
  for (int64_t tap = 0; tap < r.taps; tap++, room += r.segment) {
    bool inside = first < end;
    for (int i = 0; i < last; i++) {
      const int64_t at = place[i] + r.tap_places[tap * r.spatial + i];
      inside &= at >= 0 && at < r.input[i];
    }
    const uint8_t* from = x + base + r.tap_offsets[tap];
    pointers[tap * count] = !inside ? reinterpret_cast<const uint8_t*>(r.zeros) : from;
    if (!inside || end - first == r.span[last]) continue;
    std::memset(room, 0, static_cast<size_t>(r.segment));
    std::memcpy(room + first * r.channels, from + first * r.channels,
                static_cast<size_t>((end - first) * r.channels));
    pointers[tap * count] = room;
  }
}

void fill_rows(const void* context, const uint8_t* x, int64_t row, int count, const uint8_t** pointers,
               uint8_t* room) {
  const ConvRows& r = static_cast<const ConvDot*>(context)->rows;
  for (int k = 0; k < count; k++) {
    if (r.dense) {
      pointers[k] = x + (row + k) * r.channels;
      continue;
    }
    int64_t place[kMaxSpatial], rest = row + k, base = 0, size = r.channels;
    bool inside = true;
    for (int i = r.spatial - 1; i >= 0; i--) {
      place[i] = rest % r.output[i] * r.strides[i] - r.pads[i];
      inside &= place[i] >= 0 && place[i] + r.span[i] <= r.input[i];
      base += place[i] * size;
      rest /= r.output[i];
      size *= r.input[i];
    }
    base += rest * size;
    if (!inside) {
      fill_border(r, x, place, base, count, pointers + k, room + k * r.border_elements(1));
      continue;
    }
    for (int64_t tap = 0; tap < r.taps; tap++) pointers[tap * count + k] = x + base + r.tap_offsets[tap];
  }
}

}  // namespace

Status plan_conv_dot(const ConvParams& p, int32_t x, edgert_plan& plan, ConvDot& c) {
  EDGERT_TRY(plan_conv_rows(p, true, plan, c.rows));
  DotShape& s = c.shape;
  s.rows = p.epilogue.size() / p.outputs;
  s.taps = c.rows.taps;
  s.channels = c.rows.segment;
  s.columns = p.outputs;
  s.weights = p.dot;
  s.row_room = c.rows.dense ? 0 : c.rows.border_elements(1);
  return plan_dot(p.epilogue, x, s, plan);
}

Status run_conv_dot(const ConvDot& c, const edgert_call& call) {
  return run_dot(c.shape, call, {fill_rows, &c});
}

}  // namespace edgert::cpu
