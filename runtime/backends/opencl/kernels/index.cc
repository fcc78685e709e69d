#include "backends/opencl/launch.h"
#include "backends/opencl/program_text.h"
#include "ops/view.h"

namespace edgert::cl {
namespace {

constexpr size_t kMostExtents = 12;

struct Extents {
  int64_t values[kMostExtents];
};

Status supports_iota(const Device& device, const NodeArgs& args) {
  const int32_t dtype = args.outputs[0].dtype;
  if (!storage_text(dtype) || (dtype == EDGERT_F64 && !device.fp64))
    return unsupported("%s on this device", dtype_name(dtype));
  return {};
}

Status plan_iota(Planner& planner, const NodeArgs& args) {
  IotaParams iota;
  EDGERT_TRY(parse_iota(args, iota));
  if (iota.count == 0) return {};
  Source source = planner.source();
  source.define("TYPE", type_text(iota.dtype))
      .define("STORE_Y", std::string("store_") + storage_text(iota.dtype));
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("index"), "iota", launch));
  launch->output(0).integer(iota.count).spread(iota.count);
  return {};
}

Status supports_extents(const Device&, const NodeArgs& args) {
  if (args.node.ints("values").size() > kMostExtents) return unsupported("more than 12 values");
  return {};
}

Status plan_extents(Planner& planner, const NodeArgs& args) {
  std::span<const int64_t> values;
  EDGERT_TRY(parse_extents(args, values));
  if (values.size() > kMostExtents) return unsupported("more than 12 values");
  if (values.empty()) return {};
  Extents extents{};
  for (size_t i = 0; i < values.size(); i++) extents.values[i] = values[i];
  const auto count = static_cast<int64_t>(values.size());
  Source source = planner.source();
  source.define("TYPE", "int").define("STORE_Y", "store_i32");
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("index"), "extents", launch));
  launch->output(0).value(extents).integer(count).spread(count);
  return {};
}

}  // namespace

extern const Family iota_family = {"iota", supports_iota, plan_iota};
extern const Family extents_family = {"extents", supports_extents, plan_extents};

}  // namespace edgert::cl
