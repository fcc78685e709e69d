#include "ops/conv.h"

#include "backends/opencl/kernels/panels.h"

namespace edgert::cl {
namespace {

int64_t positions_of(const ConvParams& p) {
  return p.batch * size_of({p.output, static_cast<size_t>(p.spatial)});
}

// A convolution of single positions over all channels: the images are the rows of a matrix.
bool is_product(const ConvParams& p) {
  bool single = p.form == WeightForm::kPanels && p.groups == 1 && p.taps == 1;
  for (int i = 0; i < p.spatial; i++)
    single = single && p.strides[i] == 1 && p.pads[i] == 0 && p.output[i] == p.input[i];
  return single;
}

Status plan_depthwise(Planner& planner, const NodeArgs& args, const ConvParams& p) {
  const int64_t width = p.output[p.spatial - 1], tile = width >= 8 ? 8 : 4;
  const bool vectors = args.inputs[0].dtype == EDGERT_F32 && p.accumulator == EDGERT_F32;
  const Epilogue epilogue(p.epilogue, 2);
  Source source = planner.source();
  define_product(source, p.accumulator, args.inputs[0].dtype, tile, epilogue);
  source.define("LOAD_X16(p, i)",
                vectors ? "vload16(0, (__global const float *)(p) + (i))" : "load_lanes(p, i, 16)");
  source.file("conv_shape").file("depthwise");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "depthwise", launch));
  launch->output(0).input(0).input(1).value(make_conv_shape(p));
  epilogue.arguments(*launch);
  const int64_t blocks = (p.channels + 15) / 16;
  spread_blocks(planner.device(), *launch, blocks, (width + tile - 1) / tile, positions_of(p) / width);
  return {};
}

Status pack_plain(Planner& planner, const NodeArgs& args, const ConvParams& p, uint64_t& packed) {
  const int64_t k = p.taps * (p.channels / p.groups), n = p.outputs / p.groups, stride = k * n;
  PackShape shape{k, n, 1, k, p.groups, make_walk({&p.groups, 1}, {&stride, 1})};
  return pack_weights(planner, args, 1, p.accumulator, shape, packed);
}

Status plan(Planner& planner, const NodeArgs& args) {
  ConvParams p;
  EDGERT_TRY(parse_conv(args, p));
  if (p.epilogue.size() == 0) return {};
  if (p.form == WeightForm::kDepthwise) return plan_depthwise(planner, args, p);
  if (is_product(p))
    return plan_product(planner, args, p.epilogue, p.accumulator, positions_of(p), p.channels, p.outputs);
  uint64_t packed = 0;
  size_t zeros = 0;
  const bool plain = p.form == WeightForm::kPlain;
  if (plain) EDGERT_TRY(pack_plain(planner, args, p, packed));
  const int64_t positions = positions_of(p), tile = choose_tile(planner.device(), positions);
  const Epilogue epilogue(p.epilogue, 2);
  Source source = planner.source();
  define_product(source, p.accumulator, args.inputs[0].dtype, tile, epilogue);
  source.file("conv_shape").file("conv");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "conv", launch));
  const ConvShape shape = make_conv_shape(p);
  EDGERT_TRY(zero_channels(planner, args, p.channels, zeros));
  launch->output(0).input(0);
  plain ? launch->scratch(packed) : launch->input(1);
  launch->table(zeros).value(shape);
  epilogue.arguments(*launch);
  const int64_t panels = (shape.outputs / shape.groups + 15) / 16 * shape.groups;
  spread_blocks(planner.device(), *launch, (positions + tile - 1) / tile, panels, 1);
  return {};
}

}  // namespace

extern const Family conv_family = {"conv", supports_conv, plan};

}  // namespace edgert::cl
