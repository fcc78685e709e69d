// Folds of f32 rows: `rows` rows of `width` elements, `stride` floats apart.
#pragma once

#include <stdint.h>

namespace edgert {

enum { EDGERT_FOLD_SUM, EDGERT_FOLD_PROD, EDGERT_FOLD_MAX, EDGERT_FOLD_MIN };

struct ReduceMicro {
  // Everything into one: *out = *out op every x. NaN wins a maximum and a minimum.
  void (*run)(int fold, const float* x, int64_t rows, int64_t stride, int64_t width, float* out);
  // Rows into one row: out[i] = out[i] op x[r][i] for every r.
  void (*columns)(int fold, const float* x, int64_t rows, int64_t stride, int64_t width, float* out);
  // *out += sum of (x - *mean)^2.
  void (*squares_run)(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean,
                      float* out);
  // out[i] += sum over r of (x[r][i] - mean[i])^2.
  void (*squares_columns)(const float* x, int64_t rows, int64_t stride, int64_t width, const float* mean,
                          float* out);
};

}  // namespace edgert
