#include "backends/cpu/kernels/conv_margins.h"

#include <algorithm>

namespace edgert::cpu {
namespace {

constexpr int64_t kSmallFloats = 8192;

// Floats of one step along `axis`.
int64_t step(const ConvMargins& m, const int64_t (&sizes)[kMaxSpatial], int axis) {
  int64_t floats = m.channels;
  for (int i = axis + 1; i < m.spatial; i++) floats *= sizes[i];
  return floats;
}

// Places [begin, end) of the copy along `axis`.
void copy_axis(const ConvMargins& m, int axis, int64_t begin, int64_t end, const float* from, float* to) {
  const int64_t from_step = step(m, m.input, axis), to_step = step(m, m.padded, axis), pad = m.pads[axis];
  begin = std::max(begin, pad);
  end = std::min(end, pad + m.input[axis]);
  if (begin >= end) return;
  from += (begin - pad) * from_step;
  to += begin * to_step;
  if (axis + 1 == m.spatial) {
    std::copy_n(from, (end - begin) * m.channels, to);
    return;
  }
  for (; begin < end; begin++, from += from_step, to += to_step)
    copy_axis(m, axis + 1, 0, m.padded[axis + 1], from, to);
}

}  // namespace

ConvMargins plan_margins(ConvParams& p) {
  ConvMargins m{p.spatial, p.batch, p.channels, 0, {}, {}, {}, p.strides[0], 0};
  int64_t floats = p.batch * p.channels;
  bool crosses = false;
  for (int i = 0; i < p.spatial; i++) {
    const int64_t span = (p.kernel[i] - 1) * p.dilations[i] + 1;
    m.input[i] = p.input[i];
    m.pads[i] = p.pads[i];
    m.padded[i] = (p.output[i] - 1) * p.strides[i] + span;
    crosses |= p.pads[i] > 0 || m.padded[i] > p.input[i];
    if (i == 0) m.span = span;
    if (floats > kSmallFloats / m.padded[i]) return m;
    floats *= m.padded[i];
  }
  if (!crosses) return m;
  m.floats = floats;
  std::copy_n(m.padded, p.spatial, p.input);
  std::fill_n(p.pads, p.spatial, 0);
  return m;
}

void copy_with_margins(const ConvMargins& m, const float* x, Range lines, float* to) {
  const int64_t begin = lines.begin * m.stride, end = (lines.end - 1) * m.stride + m.span;
  const int64_t image = step(m, m.input, -1), copied = step(m, m.padded, -1);
  std::fill_n(to, m.floats, 0.0f);
  for (int64_t i = 0; i < m.batch; i++) copy_axis(m, 0, begin, end, x + i * image, to + i * copied);
}

}  // namespace edgert::cpu
