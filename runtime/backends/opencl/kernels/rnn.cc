#include "ops/rnn.h"

#include <algorithm>
#include <cstdio>

#include "backends/opencl/kernels/panels.h"

namespace edgert::cl {
namespace {

// The largest local memory that a layer of this size takes, in bytes.
int64_t local_bytes(int64_t gates, int64_t hidden) {
  const int64_t width = (gates * hidden + 15) / 16 * 16;
  return 4 * (3 * hidden + 2 * width);
}

std::string number(double v) {
  char text[64];
  std::snprintf(text, sizeof(text), "%af", static_cast<double>(static_cast<float>(v)));
  return text;
}

std::string activation_text(RnnActivation activation, double alpha, double beta) {
  const std::string a = number(alpha), b = number(beta);
  switch (activation) {
    case RnnActivation::kSigmoid: return "1 / (1 + exp(-v))";
    case RnnActivation::kTanh: return "tanh(v)";
    case RnnActivation::kRelu: return "v != v || v > 0 ? v : 0";
    case RnnActivation::kAffine: return a + " * v + " + b;
    case RnnActivation::kLeakyRelu: return "v < 0 ? " + a + " * v : v";
    case RnnActivation::kThresholdedRelu: return "v > " + a + " ? v : 0";
    case RnnActivation::kScaledTanh: return a + " * tanh(" + b + " * v)";
    case RnnActivation::kHardSigmoid: return "clamp(" + a + " * v + " + b + ", 0.0f, 1.0f)";
    case RnnActivation::kElu: return "v < 0 ? " + a + " * expm1(v) : v";
    case RnnActivation::kSoftsign: return "v / (1 + fabs(v))";
    default: return "fmax(v, 0.0f) + log1p(exp(-fabs(v)))";
  }
}

void define_layer(Source& source, const RnnParams& p, int64_t group) {
  for (int d = 0; d < p.directions; d++)
    for (int i = 0; i < 3; i++) {
      const std::string name = "act_" + std::to_string(d) + std::to_string(i);
      source.add("static inline float " + name + "(float v) { return " +
                 activation_text(p.activations[d][i], p.alpha[d][i], p.beta[d][i]) + "; }\n");
    }
  source.define("EDGE_ACTIVATION(d, i, v)",
                p.directions == 2 ? "((d) ? act_1##i(v) : act_0##i(v))" : "act_0##i(v)");
  source.define("GROUP", group).define("GATES", p.gates).define("KIND", static_cast<int64_t>(p.kind));
  source.define("HAS_BIAS", p.has_bias).define("HAS_LENGTHS", p.has_lengths).define("HAS_H", p.has_h);
  source.define("HAS_C", p.has_c).define("HAS_PEEPHOLE", p.has_peephole).define("HAS_Y", p.has_y);
  source.define("HAS_Y_H", p.has_y_h).define("HAS_Y_C", p.has_y_c);
  source.define("LINEAR_BEFORE_RESET", p.linear_before_reset).define("INPUT_FORGET", p.input_forget);
}

Status pack(Planner& planner, const NodeArgs& args, size_t input, const RnnParams& p, int64_t k,
            uint64_t& at) {
  const int64_t n = p.gates * p.hidden, stride = n * k;
  PackShape shape{k, n, 1, k, p.directions, make_walk({&p.directions, 1}, {&stride, 1})};
  return pack_weights(planner, args, input, EDGERT_F32, shape, at);
}

// x [steps * batch, inputs] times w of each direction, into scratch.
Status multiply_inputs(Planner& planner, const NodeArgs& args, const RnnParams& p, uint64_t& gates) {
  const int64_t rows = p.steps * p.batch, width = p.gates * p.hidden, matrix = 1, shared = 0;
  uint64_t packed = 0;
  if (!p.packed_w) EDGERT_TRY(pack(planner, args, 1, p, p.inputs, packed));
  gates = planner.scratch(static_cast<uint64_t>(4 * p.directions * rows * width));
  Pointwise identity;
  identity.count = 1;
  identity.result = EDGERT_F32;
  const int64_t tile = choose_tile(planner.device(), rows), result = rows * width;
  Source source = planner.source();
  define_product(source, EDGERT_F32, EDGERT_F32, tile, Epilogue(identity, 0));
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("matmul"), "matmul", launch));
  launch->scratch(gates).input(0);
  p.packed_w ? launch->input(1) : launch->scratch(packed);
  product_arguments(*launch, {rows, width, p.inputs, p.inputs, 1, make_walk({&p.directions, 1}, {&shared, 1}),
                              make_walk({&p.directions, 1}, {&matrix, 1}),
                              make_walk({&p.directions, 1}, {&result, 1}), width});
  spread_blocks(planner.device(), *launch, (rows + tile - 1) / tile, (width + 15) / 16, p.directions);
  return {};
}

Status supports(const Device& device, const NodeArgs& args) {
  if (args.inputs[0].dtype != EDGERT_F32)
    return unsupported("rnn of %s, expected f32", dtype_name(args.inputs[0].dtype));
  const int64_t needed = local_bytes(4, std::min<int64_t>(args.node.integer("hidden_size", 0), 1 << 24));
  if (needed > static_cast<int64_t>(device.local_memory))
    return unsupported("%lld bytes of local memory, the device has %llu", static_cast<long long>(needed),
                       static_cast<unsigned long long>(device.local_memory));
  return {};
}

Status plan(Planner& planner, const NodeArgs& args) {
  RnnParams p;
  EDGERT_TRY(parse_rnn(args, p));
  EDGERT_TRY(supports(planner.device(), args));
  if (p.batch == 0) return {};
  uint64_t gates = 0, packed = 0;
  if (p.steps > 0) EDGERT_TRY(multiply_inputs(planner, args, p, gates));
  if (!p.packed_r) EDGERT_TRY(pack(planner, args, 2, p, p.hidden, packed));
  const int64_t width = (p.gates * p.hidden + 15) / 16 * 16;
  int64_t group = 1;
  while (group < std::max(width / 16, std::min<int64_t>(p.hidden, 16)) && group < 64) group *= 2;
  group = std::min(group, static_cast<int64_t>(planner.device().work_group));
  Source source = planner.source();
  define_layer(source, p, group);
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("rnn"), "rnn", launch));
  launch->scratch(gates);
  p.packed_r ? launch->input(2) : launch->scratch(packed);
  const bool given[] = {p.has_bias, p.has_lengths, p.has_h, p.has_c, p.has_peephole};
  for (size_t i = 0; i < 5; i++) launch->input(given[i] ? 3 + i : 0);
  const bool wanted[] = {p.has_y, p.has_y_h, p.has_y_c};
  for (size_t i = 0; i < 3; i++) wanted[i] ? launch->output(i) : launch->input(0);
  launch->integer(p.steps)
      .integer(p.batch)
      .integer(p.hidden)
      .integer(p.reverse[0])
      .value(static_cast<float>(p.clip));
  launch->local(4 * p.hidden).local(4 * p.hidden).local(4 * width).local(4 * p.hidden).local(4 * width);
  launch->range({p.batch * group, p.directions}, {group, 1});
  return {};
}

}  // namespace

extern const Family rnn_family = {"rnn", supports, plan};

}  // namespace edgert::cl
