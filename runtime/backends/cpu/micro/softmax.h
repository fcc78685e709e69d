// Softmax of f32 lines.
#pragma once

#include <stdint.h>

namespace edgert {

struct SoftmaxMicro {
  // `count` contiguous lines of n.
  void (*lines)(const float* x, float* y, int64_t n, int64_t count, bool log);
  // `width` neighbouring lines whose elements are `stride` floats apart.
  void (*columns)(const float* x, float* y, int64_t n, int64_t stride, int64_t width, bool log);
};

}  // namespace edgert
