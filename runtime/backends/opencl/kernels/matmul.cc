#include "ops/matmul.h"

#include "backends/opencl/kernels/panels.h"

namespace edgert::cl {
namespace {

Status plan(Planner& planner, const NodeArgs& args) {
  MatmulParams p;
  EDGERT_TRY(parse_matmul(args, p));
  if (p.epilogue.size() == 0) return {};
  const auto rank = static_cast<size_t>(p.batch_rank);
  const edgert_operand& b = args.inputs[1];
  uint64_t packed = 0;
  if (!p.panels) {
    PackShape shape{p.k, p.n, p.transpose_b ? 1 : p.n, p.transpose_b ? p.k : 1, 1, {}};
    shape.count = size_of(shape_of(b).first(static_cast<size_t>(b.rank) - 2));
    const int64_t stride = p.k * p.n;
    shape.matrices = make_walk({&shape.count, 1}, {&stride, 1});
    if (p.k > 0) EDGERT_TRY(pack_weights(planner, args, 1, p.accumulator, shape, packed));
  }
  const int64_t tile = choose_tile(planner.device(), p.m);
  const Epilogue epilogue(p.epilogue, 2);
  Source source = planner.source();
  define_product(source, p.accumulator, args.inputs[0].dtype, tile, epilogue);
  source.file("matmul");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "matmul", launch));
  launch->output(0).input(0);
  p.panels || p.k == 0 ? launch->input(1) : launch->scratch(packed);
  int64_t x_strides[EDGERT_MAX_RANK];
  for (size_t i = 0; i < rank; i++) x_strides[i] = p.a_strides[i] * p.m * p.k;
  const int64_t result = p.m * p.n;
  product_arguments(*launch, {p.m, p.n, p.k, p.transpose_a ? 1 : p.k, p.transpose_a ? p.m : 1,
                              make_walk({p.batch_dims, rank}, {x_strides, rank}),
                              make_walk({p.batch_dims, rank}, {p.b_strides, rank}),
                              make_walk({&p.batches, 1}, {&result, 1}), p.n});
  epilogue.arguments(*launch);
  spread_blocks(planner.device(), *launch, (p.m + tile - 1) / tile, (p.n + 15) / 16, p.batches);
  return {};
}

}  // namespace

extern const Family matmul_family = {"matmul", supports_product, plan};

}  // namespace edgert::cl
