#include "backends/cpu/kernels/rnn_cell.h"

#include <algorithm>
#include <cmath>

namespace edgert::cpu {
namespace {

template <class T>
T activate(RnnActivation activation, T a, T b, T x) {
  switch (activation) {
    case RnnActivation::kSigmoid: return 1 / (1 + std::exp(-x));
    case RnnActivation::kTanh: return std::tanh(x);
    case RnnActivation::kRelu: return x < 0 ? 0 : x;
    case RnnActivation::kAffine: return a * x + b;
    case RnnActivation::kLeakyRelu: return x < 0 ? a * x : x;
    case RnnActivation::kThresholdedRelu: return x > a ? x : 0 * x;
    case RnnActivation::kScaledTanh: return a * std::tanh(b * x);
    case RnnActivation::kHardSigmoid: return std::clamp(a * x + b, T{0}, T{1});
    case RnnActivation::kElu: return x < 0 ? a * std::expm1(x) : x;
    case RnnActivation::kSoftsign: return x / (1 + std::fabs(x));
    case RnnActivation::kSoftplus: return std::max(x, T{0}) + std::log1p(std::exp(-std::fabs(x)));
  }
  return x;
}

// Activation k of a direction on a gate's sum, which is clipped first.
template <class T>
T gate(const RnnParams& rnn, int64_t direction, int k, T x) {
  const T clip = static_cast<T>(rnn.clip);
  if (clip > 0) x = std::clamp(x, -clip, clip);
  return activate(rnn.activations[direction][k], static_cast<T>(rnn.alpha[direction][k]),
                  static_cast<T>(rnn.beta[direction][k]), x);
}

template <class T>
void step_lstm(const RnnParams& rnn, int64_t direction, const T* gates, const T* peephole, T* h, T* c) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) {
    T i = gates[j], o = gates[n + j], f = gates[2 * n + j];
    if (peephole) {
      i += peephole[j] * c[j];
      f += peephole[2 * n + j] * c[j];
    }
    i = gate(rnn, direction, 0, i);
    f = rnn.input_forget ? 1 - i : gate(rnn, direction, 0, f);
    c[j] = f * c[j] + i * gate(rnn, direction, 1, gates[3 * n + j]);
    if (peephole) o += peephole[n + j] * c[j];
    h[j] = gate(rnn, direction, 0, o) * activate(rnn.activations[direction][2],
                                                 static_cast<T>(rnn.alpha[direction][2]),
                                                 static_cast<T>(rnn.beta[direction][2]), c[j]);
  }
}

template <class T>
void step_gru(const RnnParams& rnn, int64_t direction, const T* gates, const T* recurrent, T* h) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) {
    const T z = gate(rnn, direction, 0, gates[j] + recurrent[j]);
    T inner = recurrent[2 * n + j];
    if (rnn.linear_before_reset) inner *= gate(rnn, direction, 0, gates[n + j] + recurrent[n + j]);
    const T candidate = gate(rnn, direction, 1, gates[2 * n + j] + inner);
    h[j] = (1 - z) * candidate + z * h[j];
  }
}

}  // namespace

template <class T>
void reset_hidden(const RnnParams& rnn, int64_t direction, const T* gates, const T* recurrent, const T* h,
                  T* out) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) out[j] = gate(rnn, direction, 0, gates[n + j] + recurrent[n + j]) * h[j];
}

template <class T>
void step_cell(const RnnParams& rnn, int64_t direction, const T* gates, const T* recurrent, const T* peephole,
               T* h, T* c) {
  if (rnn.kind == RnnKind::kLstm) return step_lstm(rnn, direction, gates, peephole, h, c);
  if (rnn.kind == RnnKind::kGru) return step_gru(rnn, direction, gates, recurrent, h);
  for (int64_t j = 0; j < rnn.hidden; j++) h[j] = gate(rnn, direction, 0, gates[j]);
}

#define EDGERT_RNN_CELL(T)                                                                 \
  template void reset_hidden(const RnnParams&, int64_t, const T*, const T*, const T*, T*); \
  template void step_cell(const RnnParams&, int64_t, const T*, const T*, const T*, T*, T*);
EDGERT_RNN_CELL(float)
EDGERT_RNN_CELL(double)
#undef EDGERT_RNN_CELL

}  // namespace edgert::cpu
