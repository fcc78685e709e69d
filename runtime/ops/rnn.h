// rnn(kind, direction, hidden_size, ...): LSTM, GRU and plain recurrent layers (edgec/ops/rnn.py).
#pragma once

#include "ops/common.h"

namespace edgert {

enum class RnnKind : int32_t { kLstm, kGru, kRnn };
enum class RnnActivation : int32_t {
  kSigmoid,
  kTanh,
  kRelu,
  kAffine,
  kLeakyRelu,
  kThresholdedRelu,
  kScaledTanh,
  kHardSigmoid,
  kElu,
  kSoftsign,
  kSoftplus
};

struct RnnParams {
  RnnKind kind = RnnKind::kLstm;
  int32_t dtype = 0;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0;
  int64_t directions = 1, gates = 1;  // gates: 4, 3, 1
  bool reverse[2] = {};
  bool has_bias = false, has_lengths = false, has_h = false, has_c = false, has_peephole = false;
  bool has_y = false, has_y_h = false, has_y_c = false;
  bool packed_w = false, packed_r = false;  // stored as panels
  bool default_activations = true;
  bool linear_before_reset = false, input_forget = false;
  double clip = 0;  // 0: none
  // For each direction up to three: of the gates, of the candidate, of the cell.
  RnnActivation activations[2][3] = {};
  double alpha[2][3] = {}, beta[2][3] = {};
};
Status parse_rnn(const NodeArgs& args, RnnParams& rnn);

}  // namespace edgert
