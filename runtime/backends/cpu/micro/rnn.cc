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

// sums[g] += h times the panel of gate g; panels lie `stride` floats apart. Wide vectors add in two chains,
// which hides more of the latency.
template <int gates>
static inline void multiply(const float* h, int64_t n, const float* panels, int64_t stride,
                            f32 (&sums)[gates][V]) {
  constexpr int chains = V == 1 ? 2 : 1;
  f32 more[gates][V] = {};
  for (int64_t k = 0; k < n; k += chains)
#pragma GCC unroll 2
    for (int chain = 0; chain < chains; chain++) {
      auto& to = chain ? more : sums;
      const f32 x = splat(h[k + chain]);
#pragma GCC unroll 4
      for (int g = 0; g < gates; g++)
#pragma GCC unroll 4
        for (int v = 0; v < V; v++)
          to[g][v] = fma(x, load(panels + g * stride + (k + chain) * 16 + v * W), to[g][v]);
    }
  for (int g = 0; g < gates && chains > 1; g++)
    for (int v = 0; v < V; v++) sums[g][v] += more[g][v];
}

// Calls cell(unit, sums, vector) for every vector of units, with the sums of their gates, which start(unit,
// sums) sets first.
template <int gates, class Start, class Cell>
static inline void each_group(const RnnStep& s, Start&& start, Cell&& cell) {
  for (int64_t i = s.begin; i < s.end; i++) {
    const int64_t group = s.backward ? s.begin + s.end - 1 - i : i;
    f32 sums[gates][V];
    start(group * 16, sums);
    multiply<gates>(s.h, s.n, s.panels + group * 16 * s.n, s.n * s.n, sums);
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) cell(group * 16 + v * W, sums, v);
  }
}

// Shorter than sigmoid() and tanh(), since a step waits for them: within 3 ulp where the result is normal.
static inline f32 gate(f32 x) { return divide(splat(1.0f), exp(min(splat(87.0f), -x)) + 1.0f); }

static inline f32 squash(f32 x) {
  static const float kAbove[] = {1.0f, 0.133810282f, 0.00349559053f, 2.06091154e-05f, 1.33546934e-08f};
  static const float kBelow[] = {1.0f, 0.467143446f, 0.0258769915f, 0.000328563852f, 7.77657419e-07f};
  x = min(splat(9.0f), max(splat(-9.0f), x));
  const f32 square = x * x;
  return divide(x * polynomial(square, kAbove), polynomial(square, kBelow));
}

static inline f32 lstm_cell(f32 i, f32 o, f32 f, f32 g, f32& c) {
  c = fma(gate(f), c, gate(i) * squash(g));
  return gate(o) * squash(c);
}

static inline f32 gru_cell(f32 z, f32 r, f32 x, f32 recurrent, f32 h) {
  const f32 candidate = squash(fma(gate(r), recurrent, x));
  return fma(gate(z), h - candidate, candidate);
}

void lstm_step(const RnnStep& s) {
  each_group<4>(
      s,
      [&](int64_t unit, f32(&sums)[4][V]) {
        for (int g = 0; g < 4; g++)
          for (int v = 0; v < V; v++) sums[g][v] = load(s.gates + g * s.n + unit + v * W);
      },
      [&](int64_t unit, f32(&sums)[4][V], int v) {
        f32 c = load(s.c + unit);
        store(s.out + unit, lstm_cell(sums[0][v], sums[1][v], sums[2][v], sums[3][v], c));
        store(s.c + unit, c);
      });
}

void gru_step(const RnnStep& s) {
  each_group<3>(
      s,
      [&](int64_t unit, f32(&sums)[3][V]) {
        for (int v = 0; v < V; v++) {
          sums[0][v] = load(s.gates + unit + v * W);
          sums[1][v] = load(s.gates + s.n + unit + v * W);
          sums[2][v] = s.bias ? load(s.bias + unit + v * W) : f32{};
        }
      },
      [&](int64_t unit, f32(&sums)[3][V], int v) {
        const f32 x = load(s.gates + 2 * s.n + unit);
        store(s.out + unit, gru_cell(sums[0][v], sums[1][v], x, sums[2][v], load(s.h + unit)));
      });
}

void lstm(const float* gates, float* c, float* h, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    const auto gate = [&](int g) { return load(gates + g * n + j, lanes); };
    f32 cell = load(c + j, lanes);
    store(h + j, lstm_cell(gate(0), gate(1), gate(2), gate(3), cell), lanes);
    store(c + j, cell, lanes);
  }
}

void gru(const float* x, const float* recurrent, float* h, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    const auto sum = [&](int g) { return load(x + g * n + j, lanes) + load(recurrent + g * n + j, lanes); };
    const f32 inner = load(recurrent + 2 * n + j, lanes);
    store(h + j, gru_cell(sum(0), sum(1), load(x + 2 * n + j, lanes), inner, load(h + j, lanes)), lanes);
  }
}

void tanh_of(const float* x, float* y, int64_t n) {
  for (int64_t j = 0; j < n; j += W) {
    const int lanes = (int)(n - j < W ? n - j : W);
    store(y + j, squash(load(x + j, lanes)), lanes);
  }
}

}  // namespace

extern const RnnMicro rnn_micro;
const RnnMicro rnn_micro = {lstm_step, gru_step, recur, lstm, gru, tanh_of};

}  // namespace edgert::EDGERT_TIER
