#include "backends/cpu/micro/softmax.h"

#include "backends/cpu/simd/math.h"

namespace edgert::EDGERT_TIER {
namespace {

float largest_of(const float* x, int64_t n) {
  f32 a = splat(-INFINITY), b = a;
  int64_t i = 0;
  for (; i + 2 * W <= n; i += 2 * W) {
    a = maximum(a, load(x + i));
    b = maximum(b, load(x + i + W));
  }
  for (; i + W <= n; i += W) a = maximum(a, load(x + i));
  float most = largest(maximum(a, b));
  for (; i < n; i++) most = x[i] > most || x[i] != x[i] ? x[i] : most;
  return most;
}

void line(const float* x, float* y, int64_t n, bool log_result) {
  const f32 most = splat(largest_of(x, n));
  f32 total = {};
  int64_t i = 0;
  for (; i + W <= n; i += W) {
    const f32 e = exp(load(x + i) - most);
    if (!log_result) store(y + i, e);
    total += e;
  }
  float rest = 0;
  const int left = (int)(n - i);
  if (left) {
    const f32 e = exp(load(x + i, left) - most);
    if (!log_result) store(y + i, e, left);
    for (int k = 0; k < left; k++) rest += e[k];
  }
  const f32 whole = splat(sum(total) + rest);
  const f32 shift = most + log(whole), factor = 1.0f / whole;
  for (i = 0; i + W <= n; i += W) store(y + i, log_result ? load(x + i) - shift : load(y + i) * factor);
  if (left) store(y + i, log_result ? load(x + i, left) - shift : load(y + i, left) * factor, left);
}

// `lanes` columns, at most W.
void block(const float* x, float* y, int64_t n, int64_t stride, int lanes, bool log_result) {
  f32 most = splat(-INFINITY), total = {};
  for (int64_t i = 0; i < n; i++) most = maximum(most, load(x + i * stride, lanes));
  for (int64_t i = 0; i < n; i++) {
    const f32 e = exp(load(x + i * stride, lanes) - most);
    if (!log_result) store(y + i * stride, e, lanes);
    total += e;
  }
  const f32 shift = most + log(total), factor = 1.0f / total;
  for (int64_t i = 0; i < n; i++)
    store(y + i * stride,
          log_result ? load(x + i * stride, lanes) - shift : load(y + i * stride, lanes) * factor, lanes);
}

constexpr int kShort = 32;

// W lines of n <= kShort elements at once, turned so that a vector holds one element of each.
void short_lines(const float* x, float* y, int64_t n, int lanes, bool log_result) {
  float turned[kShort * W] = {};
  for (int r = 0; r < lanes; r++)
    for (int64_t i = 0; i < n; i++) turned[i * W + r] = x[r * n + i];
  block(turned, turned, n, W, W, log_result);
  for (int r = 0; r < lanes; r++)
    for (int64_t i = 0; i < n; i++) y[r * n + i] = turned[i * W + r];
}

void lines(const float* x, float* y, int64_t n, int64_t count, bool log_result) {
  if (n > kShort) {
    for (int64_t r = 0; r < count; r++) line(x + r * n, y + r * n, n, log_result);
    return;
  }
  for (int64_t r = 0; r < count; r += W)
    short_lines(x + r * n, y + r * n, n, (int)(count - r < W ? count - r : W), log_result);
}

void columns(const float* x, float* y, int64_t n, int64_t stride, int64_t width, bool log_result) {
  for (int64_t i = 0; i < width; i += W)
    block(x + i, y + i, n, stride, (int)(width - i < W ? width - i : W), log_result);
}

}  // namespace

extern const SoftmaxMicro softmax_micro;
const SoftmaxMicro softmax_micro = {lines, columns};

}  // namespace edgert::EDGERT_TIER
