#include "backends/opencl/kernels/panels.h"

#include <algorithm>
#include <vector>

#include "backends/opencl/program_text.h"

namespace edgert::cl {

Status supports_product(const Device& device, const NodeArgs& args) {
  const auto accumulator = static_cast<int32_t>(args.node.integer("accumulator", EDGERT_F32));
  if (accumulator == EDGERT_F64 && !device.fp64) return unsupported("accumulator f64 on this device");
  for (size_t i = 0; i < 2 && i < args.inputs.size(); i++) {
    const int32_t dtype = args.inputs[i].dtype;
    if (!storage_text(dtype) || dtype == EDGERT_BOOL || (dtype == EDGERT_F64 && !device.fp64))
      return unsupported("%s on this device", dtype_name(dtype));
  }
  return supports_program(device, args, "epilogue", 2);
}

void define_product(Source& source, int32_t accumulator, int32_t x_dtype, int64_t tile,
                    const Epilogue& epilogue) {
  source.define("ACC", type_text(accumulator)).define("TILE", tile);
  source.define("LOAD_X", std::string("load_") + storage_text(x_dtype));
  source.define("X_BYTES", static_cast<int64_t>(item_size(x_dtype))).file("panels");
  epilogue.define(source);
}

int64_t choose_tile(const Device& device, int64_t rows) {
  if (rows <= 1) return 1;
  const int64_t most = !device.is_cpu() ? 4 : device.native_floats >= 16 ? 12 : 6;
  return rows <= 4 ? 4 : most;
}

void spread_blocks(const Device& device, Launch& launch, int64_t blocks, int64_t panels, int64_t batches) {
  int64_t group = 1;
  while (!device.is_cpu() && group < 32 && group < blocks) group *= 2;
  launch.range({blocks, panels, batches}, {group, 1, 1});
}

Status pack_weights(Planner& planner, const NodeArgs& args, size_t input, int32_t accumulator,
                    const PackShape& shape, uint64_t& at) {
  const int64_t columns = (shape.n + 15) / 16 * 16;
  int64_t bytes = static_cast<int64_t>(item_size(accumulator));
  if (!multiply(bytes, columns, bytes) || !multiply(bytes, shape.k, bytes) ||
      !multiply(bytes, shape.count, bytes))
    return invalid("the weights' size overflows");
  at = planner.scratch(static_cast<uint64_t>(bytes));
  Source source = planner.source();
  source.define("ACC", type_text(accumulator));
  source.define("LOAD_B", std::string("load_") + storage_text(args.inputs[input].dtype)).file("pack");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "pack", launch));
  launch->scratch(at).input(input, static_cast<uint64_t>(shape.first) * item_size(args.inputs[input].dtype));
  launch->integer(shape.k).integer(shape.n);
  launch->integer(shape.row_stride).integer(shape.column_stride).value(shape.matrices).value(shape.scale);
  launch->spread(columns, shape.k, shape.count);
  return {};
}

void product_arguments(Launch& launch, const Products& p) {
  launch.integer(p.m).integer(p.n).integer(p.k).integer(p.row_stride).integer(p.column_stride);
  launch.value(p.x).value(p.panels).value(p.y).integer(p.y_stride);
}

Status plan_product(Planner& planner, const NodeArgs& args, const Pointwise& pointwise, int32_t accumulator,
                    int64_t m, int64_t k, int64_t n) {
  const int64_t tile = choose_tile(planner.device(), m);
  const Epilogue epilogue(pointwise, 2);
  Source source = planner.source();
  define_product(source, accumulator, args.inputs[0].dtype, tile, epilogue);
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("matmul"), "matmul", launch));
  launch->output(0).input(0).input(1);
  product_arguments(*launch, {m, n, k, k, 1, Walk(), Walk(), Walk(), n});
  epilogue.arguments(*launch);
  spread_blocks(planner.device(), *launch, (m + tile - 1) / tile, (n + 15) / 16, 1);
  return {};
}

ConvShape make_conv_shape(const ConvParams& conv) {
  ConvShape shape{};
  auto narrow = [](int64_t v) { return static_cast<int32_t>(v); };
  shape.batch = narrow(conv.batch);
  shape.channels = narrow(conv.channels);
  shape.outputs = narrow(conv.outputs);
  shape.groups = narrow(conv.groups / conv.merged);
  for (int to = 0; to < 3; to++) {
    const int from = to - (3 - conv.spatial);
    shape.input[to] = from < 0 ? 1 : narrow(conv.input[from]);
    shape.output[to] = from < 0 ? 1 : narrow(conv.output[from]);
    shape.window[to] = from < 0 ? 1 : narrow(conv.kernel[from]);
    shape.stride[to] = from < 0 ? 1 : narrow(conv.strides[from]);
    shape.dilation[to] = from < 0 ? 1 : narrow(conv.dilations[from]);
    shape.pad[to] = from < 0 ? 0 : narrow(conv.pads[from]);
  }
  return shape;
}

Status zero_channels(Planner& planner, const NodeArgs& args, int64_t channels, size_t& table) {
  const std::vector<uint8_t> zeros(
      std::max<size_t>(static_cast<size_t>(channels) * item_size(args.inputs[0].dtype), 1));
  return planner.table(zeros.data(), zeros.size(), table);
}

Status supports_conv(const Device& device, const NodeArgs& args) {
  if (args.inputs[0].rank > 5)
    return unsupported("%d spatial axes, OpenCL takes 3 at most", args.inputs[0].rank - 2);
  return supports_product(device, args);
}

}  // namespace edgert::cl
