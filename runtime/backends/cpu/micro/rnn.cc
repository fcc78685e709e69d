#include "backends/cpu/micro/rnn.h"

#include "backends/cpu/simd/math.h"

namespace edgert::EDGERT_TIER {
namespace {

constexpr int V = 16 / W;  // vectors of a panel

// `rows` rows times `count` neighbouring panels, all accumulators in registers.
template <int rows, int count>
void tile(const float* h, int64_t h_stride, int64_t inputs, const float* panels, float* gates,
          int64_t gates_stride) {
  f32 a[rows][count * V];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (int v = 0; v < count * V; v++) a[r][v] = load(gates + r * gates_stride + v * W);
  for (int64_t k = 0; k < inputs; k++) {
#pragma GCC unroll 8
    for (int p = 0; p < count; p++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        const f32 w = load(panels + (p * inputs + k) * 16 + v * W);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) a[r][p * V + v] = fma(splat(h[r * h_stride + k]), w, a[r][p * V + v]);
      }
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (int v = 0; v < count * V; v++) store(gates + r * gates_stride + v * W, a[r][v]);
}

template <int rows>
void recur_rows(const float* h, int64_t h_stride, int64_t inputs, const float* panels, int64_t begin,
                int64_t end, float* gates, int64_t gates_stride) {
  constexpr int count = W / 2 / rows > 1 ? W / 2 / rows : 1;
  int64_t p = begin;
  for (; p + count <= end; p += count)
    tile<rows, count>(h, h_stride, inputs, panels + p * inputs * 16, gates + p * 16, gates_stride);
  for (; p < end; p++)
    tile<rows, 1>(h, h_stride, inputs, panels + p * inputs * 16, gates + p * 16, gates_stride);
}

void recur(const float* h, int64_t h_stride, int64_t rows, int64_t inputs, const float* panels, int64_t begin,
           int64_t end, float* gates, int64_t gates_stride) {
  for (; rows >= 4; rows -= 4, h += 4 * h_stride, gates += 4 * gates_stride)
    recur_rows<4>(h, h_stride, inputs, panels, begin, end, gates, gates_stride);
  if (rows >= 2) {
    recur_rows<2>(h, h_stride, inputs, panels, begin, end, gates, gates_stride);
    h += 2 * h_stride;
    gates += 2 * gates_stride;
  }
  if (rows & 1) recur_rows<1>(h, h_stride, inputs, panels, begin, end, gates, gates_stride);
}

void lstm(const float* gates, float* c, float* h, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    const f32 i = sigmoid(load(gates + j, lanes)), o = sigmoid(load(gates + n + j, lanes));
    const f32 f = sigmoid(load(gates + 2 * n + j, lanes)), g = tanh(load(gates + 3 * n + j, lanes));
    const f32 cell = fma(f, load(c + j, lanes), i * g);
    store(c + j, cell, lanes);
    store(h + j, o * tanh(cell), lanes);
  }
}

void gru(const float* x, const float* recurrent, float* h, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    const f32 z = sigmoid(load(x + j, lanes) + load(recurrent + j, lanes));
    const f32 r = sigmoid(load(x + n + j, lanes) + load(recurrent + n + j, lanes));
    const f32 g = tanh(fma(r, load(recurrent + 2 * n + j, lanes), load(x + 2 * n + j, lanes)));
    store(h + j, fma(z, load(h + j, lanes) - g, g), lanes);
  }
}

void tanh_of(const float* x, float* y, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    store(y + j, tanh(load(x + j, lanes)), lanes);
  }
}

}  // namespace

extern const RnnMicro rnn_micro;
const RnnMicro rnn_micro = {recur, lstm, gru, tanh_of};

}  // namespace edgert::EDGERT_TIER
