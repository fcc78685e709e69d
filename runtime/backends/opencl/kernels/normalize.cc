#include "ops/normalize.h"

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

// NAME_PARAMETERS and NAME(number), the operand's element for reduced element `number`.
void define_operand(Source& source, const std::string& name, int32_t dtype, const char* absent) {
  if (!dtype) {
    source.define((name + "_PARAMETERS").c_str(), "").define((name + "(number)").c_str(), absent);
    return;
  }
  const std::string p = name == "SCALE" ? "scale" : "bias";
  source.define((name + "_PARAMETERS").c_str(),
                ", IN(" + p + "), const Walk " + p + "_kept, const Walk " + p + "_reduced");
  source.define((name + "(number)").c_str(),
                load_text(dtype, p, "walk(&" + p + "_kept, result) + walk(&" + p + "_reduced, number)"));
}

void set_operand(Launch& launch, const NormalizeParams& p, size_t input, int32_t dtype,
                 const int64_t* strides) {
  if (!dtype) return;
  const std::span<const int64_t> dims(p.dims, static_cast<size_t>(p.rank));
  launch.input(input)
      .value(walk_along(dims, strides, p.axes, false))
      .value(walk_along(dims, strides, p.axes, true));
}

Status plan(Planner& planner, const NodeArgs& args) {
  NormalizeParams p;
  EDGERT_TRY(parse_normalize(args, p));
  if (p.elements == 0) return {};
  const AxisWalks walks = walk_axes({p.dims, static_cast<size_t>(p.rank)}, p.axes);
  Source source = planner.source();
  define_axes(planner.device(), source, walks);
  source.define("TYPE", type_text(p.dtype)).define("CENTER", p.center);
  source.define("LOAD_X", std::string("load_") + storage_text(p.dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(p.dtype));
  define_operand(source, "SCALE", p.scale_dtype, "1");
  define_operand(source, "BIAS", p.bias_dtype, "0");
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("normalize"), "normalize_axes", launch));
  launch->output(0).input(0);
  axes_arguments(*launch, walks);
  launch->value(static_cast<float>(p.epsilon));
  set_operand(*launch, p, 1, p.scale_dtype, p.scale_strides);
  set_operand(*launch, p, 2, p.bias_dtype, p.bias_strides);
  axes_range(planner.device(), *launch, walks);
  return {};
}

}  // namespace

extern const Family normalize_family = {"normalize", supports_number, plan};

}  // namespace edgert::cl
