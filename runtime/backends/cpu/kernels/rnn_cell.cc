#include "backends/cpu/kernels/rnn_cell.h"

#include <algorithm>
#include <cmath>

namespace edgert::cpu {
namespace {

float activate(RnnActivation activation, float a, float b, float x) {
  switch (activation) {
    case RnnActivation::kSigmoid: return 1 / (1 + std::exp(-x));
    case RnnActivation::kTanh: return std::tanh(x);
    case RnnActivation::kRelu: return x < 0 ? 0 : x;
    case RnnActivation::kAffine: return a * x + b;
    case RnnActivation::kLeakyRelu: return x < 0 ? a * x : x;
    case RnnActivation::kThresholdedRelu: return x > a ? x : 0 * x;
    case RnnActivation::kScaledTanh: return a * std::tanh(b * x);
    case RnnActivation::kHardSigmoid: return std::clamp(a * x + b, 0.0f, 1.0f);
    case RnnActivation::kElu: return x < 0 ? a * std::expm1(x) : x;
    case RnnActivation::kSoftsign: return x / (1 + std::fabs(x));
    case RnnActivation::kSoftplus: return std::max(x, 0.0f) + std::log1p(std::exp(-std::fabs(x)));
  }
  return x;
}

// Activation k of a direction on a gate's sum, which is clipped first.
float gate(const RnnParams& rnn, int64_t direction, int k, float x) {
  const float clip = static_cast<float>(rnn.clip);
  if (clip > 0) x = std::clamp(x, -clip, clip);
  return activate(rnn.activations[direction][k], static_cast<float>(rnn.alpha[direction][k]),
                  static_cast<float>(rnn.beta[direction][k]), x);
}

void step_lstm(const RnnParams& rnn, int64_t direction, const float* gates, const float* peephole, float* h,
               float* c) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) {
    float i = gates[j], o = gates[n + j], f = gates[2 * n + j];
    if (peephole) {
      i += peephole[j] * c[j];
      f += peephole[2 * n + j] * c[j];
    }
    i = gate(rnn, direction, 0, i);
    f = rnn.input_forget ? 1 - i : gate(rnn, direction, 0, f);
    c[j] = f * c[j] + i * gate(rnn, direction, 1, gates[3 * n + j]);
    if (peephole) o += peephole[n + j] * c[j];
    h[j] = gate(rnn, direction, 0, o) * activate(rnn.activations[direction][2],
                                                 static_cast<float>(rnn.alpha[direction][2]),
                                                 static_cast<float>(rnn.beta[direction][2]), c[j]);
  }
}

void step_gru(const RnnParams& rnn, int64_t direction, const float* gates, const float* recurrent, float* h) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) {
    const float z = gate(rnn, direction, 0, gates[j] + recurrent[j]);
    float inner = recurrent[2 * n + j];
    if (rnn.linear_before_reset) inner *= gate(rnn, direction, 0, gates[n + j] + recurrent[n + j]);
    const float candidate = gate(rnn, direction, 1, gates[2 * n + j] + inner);
    h[j] = (1 - z) * candidate + z * h[j];
  }
}

}  // namespace

void reset_hidden(const RnnParams& rnn, int64_t direction, const float* gates, const float* recurrent,
                  const float* h, float* out) {
  const int64_t n = rnn.hidden;
  for (int64_t j = 0; j < n; j++) out[j] = gate(rnn, direction, 0, gates[n + j] + recurrent[n + j]) * h[j];
}

void step_cell(const RnnParams& rnn, int64_t direction, const float* gates, const float* recurrent,
               const float* peephole, float* h, float* c) {
  if (rnn.kind == RnnKind::kLstm) return step_lstm(rnn, direction, gates, peephole, h, c);
  if (rnn.kind == RnnKind::kGru) return step_gru(rnn, direction, gates, recurrent, h);
  for (int64_t j = 0; j < rnn.hidden; j++) h[j] = gate(rnn, direction, 0, gates[j]);
}

}  // namespace edgert::cpu
