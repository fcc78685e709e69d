#include "backends/cpu/micro/reduce.h"

#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {
namespace {

// So many numbers are folded at a time, and then what each of these blocks gave: a long sum that grows by one
// number after the other loses what is small beside it.
constexpr int64_t kBlock = 64;

struct Sum {
  static f32 identity() { return splat(0.0f); }
  static f32 join(f32 a, f32 b) { return a + b; }
  static f32 fold(f32 a, f32 x) { return a + x; }
  static float fold(float a, float x) { return a + x; }
  static float across(f32 a) { return sum(a); }
};
struct Prod {
  static f32 identity() { return splat(1.0f); }
  static f32 join(f32 a, f32 b) { return a * b; }
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
  static f32 join(f32 a, f32 b) { return maximum(a, b); }
  static f32 fold(f32 a, f32 x) { return maximum(a, x); }
  static float fold(float a, float x) { return a > x || a != a ? a : x; }
  static float across(f32 a) { return largest(a); }
};
struct Min {
  static f32 identity() { return splat(__builtin_inff()); }
  static f32 join(f32 a, f32 b) { return minimum(a, b); }
  static f32 fold(f32 a, f32 x) { return minimum(a, x); }
  static float fold(float a, float x) { return a < x || a != a ? a : x; }
  static float across(f32 a) { return -largest(-a); }
};

// The sum of squared distances from `mean`, as a fold of x - mean.
struct Squares {
  static f32 identity() { return splat(0.0f); }
  static f32 join(f32 a, f32 b) { return a + b; }
  static f32 fold(f32 a, f32 x) { return fma(x, x, a); }
  static float fold(float a, float x) { return a + x * x; }
  static float across(f32 a) { return sum(a); }
};

// Folds `width` numbers into four vectors; what does not fill one goes to `tail`.
template <class Fold>
void fold_row(const float* x, int64_t width, float mean, f32 (&a)[4], float& tail) {
  const f32 m = splat(mean);
  int64_t i = 0;
  for (; i + 4 * W <= width; i += 4 * W) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) a[v] = Fold::fold(a[v], load(x + i + v * W) - m);
  }
  for (; i + W <= width; i += W) a[0] = Fold::fold(a[0], load(x + i) - m);
  for (; i < width; i++) tail = Fold::fold(tail, x[i] - mean);
}

template <class Fold>
f32 joined(const f32 (&a)[4]) {
  return Fold::join(Fold::join(a[0], a[1]), Fold::join(a[2], a[3]));
}

template <class Fold>
void run_of(const float* x, int64_t rows, int64_t stride, int64_t width, float mean, float* out) {
  constexpr int64_t piece = kBlock * 4 * W;
  f32 total = Fold::identity();
  f32 a[4] = {total, total, total, total};
  float tail = total[0];
  int64_t folded = 0;  // numbers in `a`
  for (int64_t r = 0; r < rows; r++, x += stride) {
    for (int64_t i = 0; i < width; i += piece) {
      const int64_t count = width - i < piece ? width - i : piece;
      if (folded + count > piece) {
        total = Fold::join(total, joined<Fold>(a));
        for (f32& v : a) v = Fold::identity();
        folded = 0;
      }
      fold_row<Fold>(x + i, count, mean, a, tail);
      folded += count;
    }
  }
  const float across = Fold::across(Fold::join(total, joined<Fold>(a)));
  *out = Fold::join(splat(*out), Fold::join(splat(across), splat(tail)))[0];
}

// `vectors` vectors of columns of up to kBlock rows at once, so that their accumulators stay in registers.
template <class Fold, int vectors>
void block(const float* x, int64_t rows, int64_t stride, const float* mean, float* out) {
  f32 a[vectors], m[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) {
    a[v] = Fold::identity();
    m[v] = mean ? load(mean + v * W) : splat(0.0f);
  }
  for (int64_t r = 0; r < rows; r++, x += stride) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) a[v] = Fold::fold(a[v], load(x + v * W) - m[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) store(out + v * W, Fold::join(load(out + v * W), a[v]));
}

// The last columns, fewer than a vector has lanes.
template <class Fold>
void last_columns(const float* x, int64_t rows, int64_t stride, int count, const float* mean, float* out) {
  const f32 m = mean ? load(mean, count) : splat(0.0f);
  f32 a = Fold::identity();
  for (int64_t r = 0; r < rows; r++) a = Fold::fold(a, load(x + r * stride, count) - m);
  store(out, Fold::join(load(out, count), a), count);
}

template <class Fold>
void columns_of(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean, float* out) {
  for (int64_t begin = 0; begin < rows; begin += kBlock, x += kBlock * stride) {
    const int64_t count = rows - begin < kBlock ? rows - begin : kBlock;
    int64_t i = 0;
    for (; i + 4 * W <= width; i += 4 * W)
      block<Fold, 4>(x + i, count, stride, mean ? mean + i : mean, out + i);
    for (; i + W <= width; i += W) block<Fold, 1>(x + i, count, stride, mean ? mean + i : mean, out + i);
    if (i < width)
      last_columns<Fold>(x + i, count, stride, (int)(width - i), mean ? mean + i : mean, out + i);
  }
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
