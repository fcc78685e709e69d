#include "backends/opencl/kernels/panels.h"
#include "ops/conv.h"

namespace edgert::cl {
namespace {

// Matrix (group, tap) of plain weights [O, taps, C / groups].
Status pack_plain(Planner& planner, const NodeArgs& args, const ConvParams& p, uint64_t& packed) {
  const int64_t channels = p.channels / p.groups, outputs = p.outputs / p.groups;
  const int64_t sizes[] = {p.groups, p.taps}, strides[] = {outputs * p.taps * channels, channels};
  PackShape shape{channels, outputs, 1, p.taps * channels, p.groups * p.taps, make_walk(sizes, strides)};
  return pack_weights(planner, args, 1, p.accumulator, shape, packed);
}

Status plan(Planner& planner, const NodeArgs& args) {
  ConvParams p;
  EDGERT_TRY(parse_conv_transpose(args, p));
  if (p.epilogue.size() == 0) return {};
  uint64_t packed = 0;
  size_t zeros = 0;
  const bool plain = p.form == WeightForm::kPlain;
  if (plain) EDGERT_TRY(pack_plain(planner, args, p, packed));
  const ConvShape shape = make_conv_shape(p);
  int64_t positions = shape.batch;
  for (int axis = 0; axis < 3; axis++)
    positions *= (shape.output[axis] + shape.stride[axis] - 1) / shape.stride[axis] * shape.stride[axis];
  const int64_t tile = choose_tile(planner.device(), positions);
  const Epilogue epilogue(p.epilogue, 2);
  Source source = planner.source();
  define_product(source, p.accumulator, args.inputs[0].dtype, tile, epilogue);
  source.file("conv_shape").file("conv_transpose");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "conv_transpose", launch));
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

extern const Family conv_transpose_family = {"conv_transpose", supports_conv, plan};

}  // namespace edgert::cl
