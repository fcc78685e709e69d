#include "backends/cpu/micro/reduce.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

struct Sum {
  static f32 identity() { return splat(0.0f); }
  static f32 fold(f32 a, f32 x) { return a + x; }
  static float fold(float a, float x) { return a + x; }
  static float across(f32 a) { return sum(a); }
};
struct Prod {
  static f32 identity() { return splat(1.0f); }
  static f32 fold(f32 a, f32 x) { return a * x; }
  static float fold(float a, float x) { return a * x; }
  static float across(f32 a) {
    float total = 1;
    for (int i = 0; i < W; i++) total *= a[i];
    return total;
  }
};
struct Max {
  static f32 identity() { return splat(-__builtin_inff()); }
  static f32 fold(f32 a, f32 x) { return maximum(a, x); }
  static float fold(float a, float x) { return a > x || a != a ? a : x; }
  static float across(f32 a) { return largest(a); }
};
struct Min {
  static f32 identity() { return splat(__builtin_inff()); }
  static f32 fold(f32 a, f32 x) { return minimum(a, x); }
  static float fold(float a, float x) { return a < x || a != a ? a : x; }
  static float across(f32 a) { return -largest(-a); }
};

// The sum of squared distances from `mean`, as a fold of x - mean.
struct Squares {
  static f32 identity() { return splat(0.0f); }
  static f32 fold(f32 a, f32 x) { return fma(x, x, a); }
  static float fold(float a, float x) { return a + x * x; }
  static float across(f32 a) { return sum(a); }
};

template <class Fold>
void run_of(const float* x, int64_t rows, int64_t stride, int64_t width, float mean, float* out) {
  f32 a = Fold::identity(), b = a, c = a, d = a;
  const f32 m = splat(mean);
  float tail = Fold::identity()[0];
  for (int64_t r = 0; r < rows; r++, x += stride) {
    int64_t i = 0;
    for (; i + 4 * W <= width; i += 4 * W) {
      a = Fold::fold(a, load(x + i) - m);
      b = Fold::fold(b, load(x + i + W) - m);
      c = Fold::fold(c, load(x + i + 2 * W) - m);
      d = Fold::fold(d, load(x + i + 3 * W) - m);
    }
    for (; i + W <= width; i += W) a = Fold::fold(a, load(x + i) - m);
    for (; i < width; i++) tail = Fold::fold(tail, x[i] - mean);
  }
  // Squares have been squared: what is left is to add.
  if constexpr (__is_same(Fold, Squares)) {
    a = (a + b) + (c + d);
    *out += sum(a) + tail;
  } else {
    a = Fold::fold(Fold::fold(a, b), Fold::fold(c, d));
    *out = Fold::fold(*out, Fold::fold(Fold::across(a), tail));
  }
}

// `vectors` vectors of columns at once, so that their accumulators stay in registers.
template <class Fold, int vectors>
void block(const float* x, int64_t rows, int64_t stride, const float* mean, float* out) {
  f32 a[vectors], m[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    a[v] = load(out + v * W);
    m[v] = mean ? load(mean + v * W) : splat(0.0f);
  }
  for (int64_t r = 0; r < rows; r++, x += stride) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) a[v] = Fold::fold(a[v], load(x + v * W) - m[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) store(out + v * W, a[v]);
}

template <class Fold>
void columns_of(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean, float* out) {
  int64_t i = 0;
  for (; i + 4 * W <= width; i += 4 * W) block<Fold, 4>(x + i, rows, stride, mean ? mean + i : mean, out + i);
  for (; i + W <= width; i += W) block<Fold, 1>(x + i, rows, stride, mean ? mean + i : mean, out + i);
  const int rest = (int)(width - i);
  if (!rest) return;
  f32 a = load(out + i, rest);
  const f32 m = mean ? load(mean + i, rest) : splat(0.0f);
  for (int64_t r = 0; r < rows; r++) a = Fold::fold(a, load(x + i + r * stride, rest) - m);
  store(out + i, a, rest);
}

void run(int fold, const float* x, int64_t rows, int64_t stride, int64_t width, float* out) {
  switch (fold) {
    case EDGERT_FOLD_SUM: return run_of<Sum>(x, rows, stride, width, 0.0f, out);
    case EDGERT_FOLD_PROD: return run_of<Prod>(x, rows, stride, width, 0.0f, out);
    case EDGERT_FOLD_MAX: return run_of<Max>(x, rows, stride, width, 0.0f, out);
    default: return run_of<Min>(x, rows, stride, width, 0.0f, out);
  }
}

void columns(int fold, const float* x, int64_t rows, int64_t stride, int64_t width, float* out) {
  switch (fold) {
    case EDGERT_FOLD_SUM: return columns_of<Sum>(x, rows, stride, width, nullptr, out);
    case EDGERT_FOLD_PROD: return columns_of<Prod>(x, rows, stride, width, nullptr, out);
    case EDGERT_FOLD_MAX: return columns_of<Max>(x, rows, stride, width, nullptr, out);
    default: return columns_of<Min>(x, rows, stride, width, nullptr, out);
  }
}

void squares_run(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean, float* out) {
  run_of<Squares>(x, rows, stride, width, *mean, out);
}

void squares_columns(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean,
                     float* out) {
  columns_of<Squares>(x, rows, stride, width, mean, out);
}

}  // namespace

extern const ReduceMicro reduce_micro;
const ReduceMicro reduce_micro = {run, columns, squares_run, squares_columns};

}  // namespace edgert::EDGERT_TIER
