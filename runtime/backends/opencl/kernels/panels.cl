// Register-blocked products with weights in panels [K][16]; matmul and the convolutions share this.
// ACC is the accumulator's type, TILE the rows of x that one work-item holds, LOAD_X(p, i) an element of x,
// X_BYTES its size.

#define ACC16 JOIN(ACC, 16)
#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b

// One work-item is a vector's worth of work already.
#ifdef cl_intel_vec_len_hint
#define BLOCKED __attribute__((intel_vec_len_hint(1)))
#else
#define BLOCKED
#endif

// acc[r] += x[r][i * step] * w[i] over i in [0, count).
static inline void accumulate(ACC16 *acc, __global const uchar **x, int step, __global const ACC *w, int count) {
  for (int i = 0; i < count; i++) {
    const ACC16 v = vload16(i, w);
#pragma unroll
    for (int r = 0; r < TILE; r++) acc[r] += (ACC16)((ACC)LOAD_X(x[r], i * step)) * v;
  }
}

// Stores the first `lanes` of acc at y[start...]; for the epilogue they lie in `row` from `column` on.
#define STORE_LANES(acc, start, row, column, lanes)                              \
  do {                                                                           \
    ACC values_[16];                                                             \
    vstore16(acc, 0, values_);                                                   \
    for (int lane_ = 0; lane_ < (lanes); lane_++) {                              \
      const int at_ = (start) + lane_;                                           \
      STORE(at_, EPILOGUE(values_[lane_], at_, row, (column) + lane_));          \
    }                                                                            \
  } while (0)
#ifdef EPILOGUE16
#define STORE_AT(acc, start, row, column, lanes)                                                      \
  do {                                                                                                \
    const int start_ = (start);                                                                       \
    if ((lanes) == 16)                                                                                \
      vstore16(EPILOGUE16(acc, start_, row, column), 0, (__global float *)(y_buffer + y_start) + start_); \
    else                                                                                              \
      STORE_LANES(acc, start_, row, column, lanes);                                                   \
  } while (0)
#else
#define STORE_AT STORE_LANES
#endif
// The same where y is [rows, width].
#define STORE_ROW(acc, row, column, width, lanes) STORE_AT(acc, (row) * (width) + (column), row, column, lanes)
