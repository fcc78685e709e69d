#include "ops/rnn.h"

#include <algorithm>
#include <iterator>

namespace edgert {
namespace {

constexpr int64_t kLargest = int64_t{1} << 31;

struct ActivationInfo {
  std::string_view name;  // lower case
  bool has_alpha, has_beta;
  double alpha, beta;
};
// In the order of RnnActivation.
constexpr ActivationInfo kActivations[] = {
    {"sigmoid", false, false, 0, 0},     {"tanh", false, false, 0, 0},
    {"relu", false, false, 0, 0},        {"affine", true, true, 1, 0},
    {"leakyrelu", true, false, 0.01, 0}, {"thresholdedrelu", true, false, 1, 0},
    {"scaledtanh", true, true, 1, 1},    {"hardsigmoid", true, true, 0.2, 0.5},
    {"elu", true, false, 1, 0},          {"softsign", false, false, 0, 0},
    {"softplus", false, false, 0, 0},
};

bool same_text(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 'a' - 'A' : x) == y; });
}

Status read_kind(const NodeArgs& args, RnnParams& rnn) {
  const std::string_view kind = args.node.string("kind"), direction = args.node.string("direction");
  if (kind == "lstm") rnn.kind = RnnKind::kLstm, rnn.gates = 4;
  else if (kind == "gru") rnn.kind = RnnKind::kGru, rnn.gates = 3;
  else if (kind == "rnn") rnn.kind = RnnKind::kRnn, rnn.gates = 1;
  else return invalid("attribute kind is '%.*s', expected lstm, gru or rnn", int(kind.size()), kind.data());
  if (direction == "bidirectional") rnn.directions = 2, rnn.reverse[1] = true;
  else if (direction == "reverse") rnn.reverse[0] = true;
  else if (direction != "forward")
    return invalid("attribute direction is '%.*s', expected forward, reverse or bidirectional",
                   int(direction.size()), direction.data());
  return {};
}

// Names in the node's order; alphas and betas are handed out to those that take one.
Status read_activations(const NodeArgs& args, RnnParams& rnn) {
  const size_t each = rnn.kind == RnnKind::kLstm ? 3 : rnn.kind == RnnKind::kGru ? 2 : 1;
  const size_t count = each * static_cast<size_t>(rnn.directions);
  const Attribute* names = args.node.find("activations");
  const Attribute* alphas = args.node.find("alphas");
  const Attribute* betas = args.node.find("betas");
  const bool given = names && !names->strings.empty();
  if (given && names->strings.size() != count)
    return invalid("attribute activations has %zu entries, expected %zu", names->strings.size(), count);
  static constexpr RnnActivation kDefaults[3][3] = {
      {RnnActivation::kSigmoid, RnnActivation::kTanh, RnnActivation::kTanh},
      {RnnActivation::kSigmoid, RnnActivation::kTanh, RnnActivation::kTanh},
      {RnnActivation::kTanh, RnnActivation::kTanh, RnnActivation::kTanh}};
  size_t next_alpha = 0, next_beta = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t d = i / each, k = i % each;
    const RnnActivation usual = kDefaults[static_cast<int>(rnn.kind)][k];
    RnnActivation& activation = rnn.activations[d][k];
    activation = usual;
    if (given) {
      const auto found =
          std::find_if(std::begin(kActivations), std::end(kActivations),
                       [&](const ActivationInfo& a) { return same_text(names->strings[i], a.name); });
      if (found == std::end(kActivations)) return unsupported("activation '%s'", names->strings[i].c_str());
      activation = static_cast<RnnActivation>(found - std::begin(kActivations));
    }
    rnn.default_activations &= activation == usual;
    const ActivationInfo& info = kActivations[static_cast<int>(activation)];
    rnn.alpha[d][k] = info.has_alpha && alphas && next_alpha < alphas->floats.size()
                          ? alphas->floats[next_alpha++]
                          : info.alpha;
    rnn.beta[d][k] =
        info.has_beta && betas && next_beta < betas->floats.size() ? betas->floats[next_beta++] : info.beta;
  }
  return {};
}

// A weight [directions, gates * hidden, k], row-major or as panels.
Status check_weight(const NodeArgs& args, const RnnParams& rnn, size_t index, const char* what, int64_t k,
                    bool& packed) {
  const edgert_operand& w = args.inputs[index];
  const int64_t rows = rnn.gates * rnn.hidden, dims[] = {rnn.directions, rows, k};
  EDGERT_TRY(expect_dtype(args, w, what, rnn.dtype));
  EDGERT_TRY(expect_shape(args, w, what, dims));
  packed = has_form(w, "panels");
  if (!packed) return expect_plain(args, w, what);
  const int64_t params[] = {rnn.directions, k, rows, 16};
  return expect_form(args, w, params, rnn.directions * ((rows + 15) / 16) * k * 16);
}

Status check_optional(const NodeArgs& args, size_t index, const char* what, int32_t dtype,
                      std::initializer_list<int64_t> dims, bool& has) {
  has = args.has_input(index);
  if (!has) return {};
  EDGERT_TRY(expect_plain(args, args.inputs[index], what));
  EDGERT_TRY(expect_dtype(args, args.inputs[index], what, dtype));
  return expect_shape(args, args.inputs[index], what, {dims.begin(), dims.size()});
}

Status check_result(const NodeArgs& args, size_t index, const char* what, int32_t dtype,
                    std::initializer_list<int64_t> dims, bool& has) {
  has = args.has_output(index);
  if (!has) return {};
  EDGERT_TRY(expect_dtype(args, args.outputs[index], what, dtype));
  return expect_shape(args, args.outputs[index], what, {dims.begin(), dims.size()});
}

}  // namespace

Status parse_rnn(const NodeArgs& args, RnnParams& rnn) {
  EDGERT_TRY(expect_operands(args, 3, 8, 0));
  EDGERT_TRY(read_kind(args, rnn));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_rank(args, x, "x", 3));
  EDGERT_TRY(expect_plain(args, x, "x"));
  EDGERT_TRY(read_int(args, "hidden_size", 1, kLargest, rnn.hidden));
  rnn.dtype = x.dtype;
  rnn.steps = x.dims[0];
  rnn.batch = x.dims[1];
  rnn.inputs = x.dims[2];
  if (std::max({rnn.steps, rnn.batch, rnn.inputs}) > kLargest) return invalid("x is too large");
  EDGERT_TRY(check_weight(args, rnn, 1, "w", rnn.inputs, rnn.packed_w));
  EDGERT_TRY(check_weight(args, rnn, 2, "r", rnn.hidden, rnn.packed_r));
  const int64_t d = rnn.directions, b = rnn.batch, h = rnn.hidden;
  EDGERT_TRY(check_optional(args, 3, "b", x.dtype, {d, 2 * rnn.gates * h}, rnn.has_bias));
  EDGERT_TRY(check_optional(args, 4, "lengths", EDGERT_I32, {b}, rnn.has_lengths));
  EDGERT_TRY(check_optional(args, 5, "h0", x.dtype, {d, b, h}, rnn.has_h));
  EDGERT_TRY(check_optional(args, 6, "c0", x.dtype, {d, b, h}, rnn.has_c));
  EDGERT_TRY(check_optional(args, 7, "peephole", x.dtype, {d, 3 * h}, rnn.has_peephole));
  EDGERT_TRY(check_result(args, 0, "y", x.dtype, {rnn.steps, d, b, h}, rnn.has_y));
  EDGERT_TRY(check_result(args, 1, "y_h", x.dtype, {d, b, h}, rnn.has_y_h));
  EDGERT_TRY(check_result(args, 2, "y_c", x.dtype, {d, b, h}, rnn.has_y_c));
  if (rnn.has_y_c && rnn.kind != RnnKind::kLstm) return invalid("only an lstm has a third result");
  int64_t before_reset, input_forget;
  EDGERT_TRY(read_int(args, "linear_before_reset", 0, 1, before_reset));
  EDGERT_TRY(read_int(args, "input_forget", 0, 1, input_forget));
  rnn.linear_before_reset = before_reset;
  rnn.input_forget = input_forget;
  rnn.clip = args.node.number("clip", 0);
  if (!(rnn.clip >= 0)) return invalid("attribute clip is %g, expected 0 or more", rnn.clip);
  return read_activations(args, rnn);
}

}  // namespace edgert
