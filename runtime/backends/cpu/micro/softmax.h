// Softmax of f32 lines.
#pragma once

#include <stdint.h>

namespace edgert {

struct SoftmaxMicro {
  // `count` contiguous lines of n.
  void (*lines)(const float* x, float* y, int64_t n, int64_t count, bool log);
  // `width` neighbouring lines whose elements are `stride` floats apart.
  void (*columns)(const float* x, float* y, int64_t n, int64_t stride, int64_t width, bool log);
  // The same in two halves, for `count` lines of n, `stride` floats apart: they become e^(x - their largest),
  // with their sums,
  void (*weights)(float* x, int64_t stride, int64_t n, int64_t count, float* sums);
  // and are divided by a number each.
  void (*divide)(float* y, int64_t stride, int64_t n, int64_t count, const float* divisors);
};

}  // namespace edgert
