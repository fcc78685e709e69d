#include "ops/map.h"

#include "backends/opencl/launch.h"
#include "backends/opencl/pointwise_text.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

// Axis `from_last` of the collapsed result, counted from the innermost.
int64_t size_at(const Pointwise& p, int from_last) {
  return from_last < p.rank ? p.dims[p.rank - 1 - from_last] : 1;
}

// The third axis of the index space holds all axes but the last two.
bool walks_outer(const Pointwise& p) { return p.rank > 3; }

void define_operands(const Pointwise& p, Source& source) {
  std::string parameters, operands;
  for (int i = 0; i < p.count; i++) {
    const std::string name = numbered("x", i);
    parameters += ", IN(" + name + ")";
    std::string at = p.rank > 0 && p.strides[i][p.rank - 1] ? "i" : "0";
    if (p.rank > 1) {
      parameters += ", const int " + name + "_1";
      at += " + j * " + name + "_1";
    }
    if (walks_outer(p)) {
      parameters += ", const Walk " + name + "_walk";
      at += " + walk(&" + name + "_walk, k)";
    } else if (p.rank > 2) {
      parameters += ", const int " + name + "_2";
      at += " + k * " + name + "_2";
    }
    operands += (i ? ", " : "") + load_text(p.dtypes[i], name, at);
  }
  source.define("MAP_PARAMETERS", parameters).define("MAP_OPERANDS", operands);
  source.define("STORE(at, value)",
                std::string("store_") + storage_text(p.result) + "(y_buffer + y_start, at, value)");
}

void set_operands(const Pointwise& p, Launch& launch) {
  const auto outer = static_cast<size_t>(p.rank > 2 ? p.rank - 2 : 0);
  for (int i = 0; i < p.count; i++) {
    launch.input(static_cast<size_t>(i));
    if (p.rank > 1) launch.integer(p.strides[i][p.rank - 2]);
    if (walks_outer(p)) {
      launch.value(make_walk({p.dims, outer}, {p.strides[i], outer}));
    } else if (p.rank > 2) {
      launch.integer(p.strides[i][0]);
    }
  }
}

Status supports(const Device& device, const NodeArgs& args) {
  return supports_program(device, args, "program", 0);
}

Status plan(Planner& planner, const NodeArgs& args) {
  Pointwise p;
  EDGERT_TRY(parse_map(args, p));
  if (p.size() == 0) return {};
  Source source = planner.source();
  define_operands(p, source);
  source.add(program_text(*p.program, "edge_program")).file("map");
  Launch* launch;
  EDGERT_TRY(planner.launch(source, "map", launch));
  launch->output(0).integer(size_at(p, 0)).integer(size_at(p, 1));
  set_operands(p, *launch);
  int64_t outer = 1;
  for (int axis = 2; axis < p.rank; axis++) outer *= size_at(p, axis);
  launch->spread(size_at(p, 0), size_at(p, 1), outer);
  return {};
}

}  // namespace

extern const Family map_family = {"map", supports, plan};

}  // namespace edgert::cl
