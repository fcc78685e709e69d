// The inside of recurrent layers.
#pragma once

#include <stdint.h>

namespace edgert {

// One step of one sequence for the units [16 * begin, 16 * end) of `n`, a multiple of 16.
struct RnnStep {
  const float *h, *gates;  // the hidden state before the step; x W + b, [gates][n]
  const float* panels;     // R, [gates * n / 16][n][16]
  const float* bias;       // of a GRU's recurrent candidate, [n]
  int64_t n, begin, end;
  bool backward;   // the units' order: what one step reads last is what the cache still has when the next
                   // starts
  float *c, *out;  // replaced; the hidden state after the step, not `h`
};

struct RnnMicro {
  // Product and cell at once. Gates in order i o f g.
  void (*lstm_step)(const RnnStep& step);
  // Gates in order z r h; it resets after its product.
  void (*gru_step)(const RnnStep& step);

  // gates[r][n] += sum over k of h[r][k] * panel[n][k] for n in [16 * begin, 16 * end): panels
  // [..][inputs][16]; rows `h_stride` and `gates_stride` floats apart. Writes whole panels: gates rows are
  // padded to 16.
  void (*recur)(const float* h, int64_t h_stride, int64_t rows, int64_t inputs, const float* panels,
                int64_t begin, int64_t end, float* gates, int64_t gates_stride);
  // One row: gates [4][n] in order i o f g; c and h [n] are replaced.
  void (*lstm)(const float* gates, float* c, float* h, int64_t n);
  // One row of a GRU that resets after its product: x [3][n] in order z r h, the recurrent part likewise.
  void (*gru)(const float* x, const float* recurrent, float* h, int64_t n);
  // y[i] = tanh(x[i]).
  void (*tanh)(const float* x, float* y, int64_t n);
};

}  // namespace edgert
