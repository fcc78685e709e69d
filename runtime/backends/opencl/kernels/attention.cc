// attention: products of queries and keys into scratch, their softmax, products with the values.
#include "ops/attention.h"

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/kernels/panels.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

Status supports(const Device& device, const NodeArgs& args) {
  return supports_program(device, args, "scores", 3);
}

// A walk over batches and heads.
Walk walk_heads(const AttentionParams& p, int64_t batch_stride, int64_t head_stride) {
  const int64_t dims[] = {p.batches, p.heads}, strides[] = {batch_stride, head_stride};
  return make_walk(dims, strides);
}
Walk walk_heads(const AttentionParams& p, int operand) {
  return walk_heads(p, p.start(operand, 1, 0) - p.start(operand, 0, 0),
                    p.start(operand, 0, 1) - p.start(operand, 0, 0));
}

Status pack_head(Planner& planner, const NodeArgs& args, const AttentionParams& p, int operand, int64_t k,
                 int64_t n, uint64_t& at) {
  const bool keys = operand == 1;
  const PackShape shape{k,
                        n,
                        keys ? 1 : p.row(operand),
                        keys ? p.row(operand) : 1,
                        p.matrices(),
                        walk_heads(p, operand),
                        p.start(operand, 0, 0),
                        keys ? p.scale : 1.0f};
  return k ? pack_weights(planner, args, static_cast<size_t>(operand), EDGERT_F32, shape, at) : Status();
}

Status plan_softmax(Planner& planner, const AttentionParams& p, uint64_t scores) {
  const int64_t dims[] = {p.matrices() * p.queries, p.keys};
  const AxisWalks walks = walk_axes(dims, 1u << 1);
  Source source = planner.source();
  define_axes(planner.device(), source, walks);
  source.define("TYPE", "float").define("SOFTMAX_LOG", 0);
  source.define("LOAD_X", "load_f32").define("STORE_Y", "store_f32");
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("softmax"), "softmax", launch));
  launch->scratch(scores).scratch(scores);
  axes_arguments(*launch, walks);
  axes_range(planner.device(), *launch, walks);
  return {};
}

// The launch of a product of all heads with `epilogue`; its buffers and arguments are left to be set.
Status launch_products(Planner& planner, const Epilogue& epilogue, int64_t tile, Launch*& launch) {
  Source source = planner.source();
  define_product(source, EDGERT_F32, EDGERT_F32, tile, epilogue);
  return planner.launch(source.file("matmul"), "matmul", launch);
}

Status plan(Planner& planner, const NodeArgs& args) {
  AttentionParams p;
  EDGERT_TRY(parse_attention(args, p));
  const int64_t matrices = p.matrices(), queries = p.queries;
  if (matrices * queries * p.width == 0) return {};
  if (p.scores.size() > INT32_MAX) return unsupported("%lld scores", static_cast<long long>(p.scores.size()));
  uint64_t keys = 0, values = 0;
  EDGERT_TRY(pack_head(planner, args, p, 1, p.depth, p.keys, keys));
  EDGERT_TRY(pack_head(planner, args, p, 2, p.keys, p.width, values));
  const uint64_t scores = planner.scratch(static_cast<uint64_t>(p.scores.size()) * 4);
  const int64_t tile = choose_tile(planner.device(), queries), tiles = (queries + tile - 1) / tile;
  const int64_t each = 1;
  const Walk panels = make_walk({&matrices, 1}, {&each, 1});
  const Walk score_matrices = walk_heads(p, p.heads * queries * p.keys, queries * p.keys);
  Launch* launch;
  if (p.keys) {
    const Epilogue program(p.scores, 3);
    EDGERT_TRY(launch_products(planner, program, tile, launch));
    launch->scratch(scores).input(0, static_cast<uint64_t>(p.start(0, 0, 0)) * 4).scratch(keys);
    product_arguments(
        *launch, {queries, p.keys, p.depth, p.row(0), 1, walk_heads(p, 0), panels, score_matrices, p.keys});
    program.arguments(*launch);
    spread_blocks(planner.device(), *launch, tiles, (p.keys + 15) / 16, matrices);
    EDGERT_TRY(plan_softmax(planner, p, scores));
  }
  Pointwise none = p.scores;
  none.program = nullptr;
  none.count = 1;
  EDGERT_TRY(launch_products(planner, Epilogue(none, 3), tile, launch));
  launch->output(0).scratch(scores).scratch(values);
  product_arguments(*launch, {queries, p.width, p.keys, p.keys, 1, score_matrices, panels,
                              walk_heads(p, queries * p.heads * p.width, p.width), p.heads * p.width});
  spread_blocks(planner.device(), *launch, tiles, (p.width + 15) / 16, matrices);
  return {};
}

}  // namespace

extern const Family attention_family = {"attention", supports, plan};

}  // namespace edgert::cl
