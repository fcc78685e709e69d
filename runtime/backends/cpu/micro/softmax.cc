#include "backends/cpu/micro/softmax.h"

#include "backends/cpu/simd/math.h"

namespace edgert::EDGERT_TIER {
namespace {

i32 lane_numbers() {
  i32 numbers;
  for (int i = 0; i < W; i++) numbers[i] = i;
  return numbers;
}

// The first n lanes, the others -infinity.
f32 load_rest(const float* x, int n) { return select(lane_numbers() < n, load(x, n), splat(-INFINITY)); }

// e^x for x <= 0, and 0 where that is no normal number: many processors take long over the others.
f32 power(f32 x) {
  static const float kSeries[] = {0.5f, 0.166665122f, 0.0416661873f, 0.00836959854f, 0.00139517104f};
  f32 n;
  const f32 r = reduce_exponent(max(splat(-87.0f), x), n);
  const f32 y = fma(r * r, polynomial(r, kSeries), r) + 1.0f;
  return x < -87.0f ? f32{} : scale_by_small_power(y, n);
}

// Where there is a NaN, it may be passed over: every power of the line is NaN then, or their sum.
float largest_of(const float* x, int64_t n) {
  f32 a = splat(-INFINITY), b = a;
  int64_t i = 0;
  for (; i + 2 * W <= n; i += 2 * W) {
    a = max(load(x + i), a);
    b = max(load(x + i + W), b);
  }
  for (; i < n; i += W) a = max(load_rest(x + i, (int)(n - i < W ? n - i : W)), a);
  return largest(max(a, b));
}

// The sum of e^(x - most), which go to y where it is given.
float powers(const float* x, float* y, int64_t n, f32 most) {
  f32 total = {};
  int64_t i = 0;
  for (; i + W <= n; i += W) {
    const f32 e = power(load(x + i) - most);
    if (y) store(y + i, e);
    total += e;
  }
  if (i < n) {
    const f32 e = power(load_rest(x + i, (int)(n - i)) - most);
    if (y) store(y + i, e, (int)(n - i));
    total += e;
  }
  return sum(total);
}

void line(const float* x, float* y, int64_t n, bool log_result) {
  const f32 most = splat(largest_of(x, n));
  const f32 total = splat(powers(x, log_result ? nullptr : y, n, most));
  const f32 shift = most + log(total), factor = 1.0f / total;
  int64_t i = 0;
  for (; i + W <= n; i += W) store(y + i, log_result ? load(x + i) - shift : load(y + i) * factor);
  const int left = (int)(n - i);
  if (left) store(y + i, log_result ? load(x + i, left) - shift : load(y + i, left) * factor, left);
}

// `lanes` columns, at most W.
void block(const float* x, float* y, int64_t n, int64_t stride, int lanes, bool log_result) {
  f32 most = splat(-INFINITY), total = {};
  for (int64_t i = 0; i < n; i++) most = max(load(x + i * stride, lanes), most);
  for (int64_t i = 0; i < n; i++) {
    const f32 e = power(load(x + i * stride, lanes) - most);
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
  if (n > kShort || count == 1) {
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

void weights(float* x, int64_t stride, int64_t n, int64_t count, float* sums) {
  for (int64_t r = 0; r < count; r++, x += stride) sums[r] = powers(x, x, n, splat(largest_of(x, n)));
}

void divide_rows(float* y, int64_t stride, int64_t n, int64_t count, const float* divisors) {
  for (int64_t r = 0; r < count; r++, y += stride) {
    const f32 factor = 1.0f / splat(divisors[r]);
    int64_t i = 0;
    for (; i + W <= n; i += W) store(y + i, load(y + i) * factor);
    if (i < n) store(y + i, load(y + i, (int)(n - i)) * factor, (int)(n - i));
  }
}

}  // namespace

extern const SoftmaxMicro softmax_micro;
const SoftmaxMicro softmax_micro = {lines, columns, weights, divide_rows};

}  // namespace edgert::EDGERT_TIER
