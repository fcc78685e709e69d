#include "ops/pool.h"

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

struct PoolShape {
  int32_t batch, channels;
  int32_t input[3], output[3], window[3], stride[3], dilation[3], begin[3], end[3];
};

PoolShape make_shape(const PoolParams& pool) {
  PoolShape shape{};
  auto narrow = [](int64_t v) { return static_cast<int32_t>(v); };
  shape.batch = narrow(pool.batch);
  shape.channels = narrow(pool.channels);
  for (int to = 0; to < 3; to++) {
    const int from = to - (3 - pool.spatial);
    shape.input[to] = from < 0 ? 1 : narrow(pool.input[from]);
    shape.output[to] = from < 0 ? 1 : narrow(pool.output[from]);
    shape.window[to] = from < 0 ? 1 : narrow(pool.kernel[from]);
    shape.stride[to] = from < 0 ? 1 : narrow(pool.strides[from]);
    shape.dilation[to] = from < 0 ? 1 : narrow(pool.dilations[from]);
    shape.begin[to] = from < 0 ? 0 : narrow(pool.begin[from]);
    shape.end[to] = from < 0 ? 0 : narrow(pool.end[from]);
  }
  return shape;
}

void define_kind(const Device& device, Source& source, const PoolParams& pool) {
  const int32_t dtype = compute_dtype(pool.dtype);
  const char* type = type_text(dtype);
  const bool wide = dtype == EDGERT_F32 && device.fp64;
  source.define("TYPE", type).define("POOL_MAX", pool.kind == PoolKind::kMax).define("PLACES", pool.indices);
  source.define("INCLUDE_PAD", pool.include_pad);
  source.define("TOTAL", pool.kind == PoolKind::kMax ? type : wide ? "double" : type);
  const bool is_float = dtype == EDGERT_F32 || dtype == EDGERT_F64;
  source.define("INITIAL", pool.kind == PoolKind::kMax && is_float ? "-INFINITY" : "0");
  source.define("POOL_TERM(v)", pool.kind == PoolKind::kLp ? "pow((TOTAL)fabs(v), (TOTAL)power)" : "(v)");
  source.define("POOL_RESULT(t)", pool.kind == PoolKind::kLp        ? "pow(t, 1 / (TOTAL)power)"
                                  : pool.kind == PoolKind::kAverage ? "((t) / (TOTAL)max(divisor, 1))"
                                                                    : "(t)");
  source.define("LOAD_X", std::string("load_") + storage_text(pool.dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(pool.dtype));
}

Status supports(const Device& device, const NodeArgs& args) {
  if (args.inputs[0].rank > 5)
    return unsupported("%d spatial axes, OpenCL takes 3 at most", args.inputs[0].rank - 2);
  const int32_t dtype = compute_dtype(args.inputs[0].dtype);
  if (args.node.string("kind") != "max" && dtype != EDGERT_F32 && dtype != EDGERT_F64)
    return unsupported("pooling other than max of %s", dtype_name(dtype));
  return supports_number(device, args);
}

Status plan(Planner& planner, const NodeArgs& args) {
  PoolParams pool;
  EDGERT_TRY(parse_pool(args, pool));
  const int64_t positions = pool.batch * size_of({pool.output, static_cast<size_t>(pool.spatial)});
  if (positions * pool.channels == 0) return {};
  Source source = planner.source();
  define_kind(planner.device(), source, pool);
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("pool"), "pool", launch));
  launch->output(0).input(0).output(pool.indices ? 1 : 0);
  launch->value(make_shape(pool)).value(static_cast<float>(pool.p));
  launch->spread(pool.channels, positions);
  return {};
}

}  // namespace

extern const Family pool_family = {"pool", supports, plan};

}  // namespace edgert::cl
