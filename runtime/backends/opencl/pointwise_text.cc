#include "backends/opencl/pointwise_text.h"

#include "backends/opencl/program_text.h"

namespace edgert::cl {

Walk make_walk(std::span<const int64_t> dims, std::span<const int64_t> strides) {
  Walk walk;
  for (size_t axis = 0; axis < dims.size(); axis++) {
    const auto n = static_cast<int32_t>(dims[axis]), s = static_cast<int32_t>(strides[axis]);
    if (n == 1) continue;
    const int32_t last = walk.rank - 1;
    if (last >= 0 && walk.s[last] == s * n) {
      walk.n[last] *= n;
      walk.s[last] = s;
      continue;
    }
    walk.n[walk.rank] = n;
    walk.s[walk.rank++] = s;
  }
  return walk;
}

Status supports_program(const Device& device, const NodeArgs& args, const char* attribute, size_t first) {
  auto known = [&](int32_t dtype) { return storage_text(dtype) && (dtype != EDGERT_F64 || device.fp64); };
  for (size_t i = first; i < args.inputs.size(); i++)
    if (!known(args.inputs[i].dtype))
      return unsupported("%s on this device", dtype_name(args.inputs[i].dtype));
  if (!known(args.outputs[0].dtype))
    return unsupported("%s on this device", dtype_name(args.outputs[0].dtype));
  std::string why;
  const Program* program = args.node.program(attribute);
  if (program && !can_print(*program, device.fp64, why)) return unsupported("%s", why.c_str());
  return {};
}

std::string numbered(const char* prefix, int number) {
  std::string text = prefix;
  return text += std::to_string(number);
}

std::string load_text(int32_t dtype, const std::string& name, const std::string& at) {
  return std::string("load_") + storage_text(dtype) + "(" + name + "_buffer + " + name + "_start, " + at +
         ")";
}

Epilogue::Epilogue(const Pointwise& pointwise, size_t first) : pointwise_(pointwise), first_(first) {}

Epilogue::Kind Epilogue::kind(int operand) const {
  const int64_t* strides = pointwise_.strides[operand];
  bool scalar = true, column = true, dense = true;
  int64_t expected = 1;
  for (int axis = pointwise_.rank - 1; axis >= 0; axis--) {
    const int64_t n = pointwise_.dims[axis], s = n == 1 ? 0 : strides[axis];
    const bool last = axis == pointwise_.rank - 1;
    scalar &= s == 0;
    column &= s == (last && n != 1 ? 1 : 0);
    dense &= s == (n == 1 ? 0 : expected);
    expected *= n;
  }
  return scalar ? Kind::kScalar : column ? Kind::kColumn : dense ? Kind::kDense : Kind::kAny;
}

void Epilogue::define(Source& source) const {
  std::string parameters, operands;
  for (int i = 1; i < pointwise_.count; i++) {
    const std::string name = numbered("e", i);
    parameters += ", IN(" + name + ")";
    std::string at;
    switch (kind(i)) {
      case Kind::kScalar: at = "0"; break;
      case Kind::kColumn: at = "(column)"; break;
      case Kind::kDense: at = "(at)"; break;
      case Kind::kAny:
        parameters += ", const Walk " + name + "_walk";
        at = "walk(&" + name + "_walk, row)";
        if (pointwise_.strides[i][pointwise_.rank - 1]) at += " + (column)";
    }
    operands += ", " + load_text(pointwise_.dtypes[i], name, at);
  }
  source.define("EPILOGUE_PARAMETERS", parameters);
  source.define("STORE(at, value)",
                std::string("store_") + storage_text(pointwise_.result) + "(y_buffer + y_start, at, value)");
  if (pointwise_.program) source.add(program_text(*pointwise_.program, "edge_program"));
  source.define("EPILOGUE(value, at, row, column)",
                pointwise_.program ? "edge_program(value" + operands + ")" : std::string("(value)"));
  define_vector(source);
}

void Epilogue::define_vector(Source& source) const {
  const bool known = !pointwise_.program || can_print_vector(*pointwise_.program);
  if (!known || pointwise_.dtypes[0] != EDGERT_F32 || pointwise_.result != EDGERT_F32) return;
  std::string operands;
  for (int i = 1; i < pointwise_.count; i++) {
    const std::string name = numbered("e", i),
                      data = "(__global const float *)(" + name + "_buffer + " + name + "_start)";
    if (pointwise_.dtypes[i] != EDGERT_F32 || kind(i) == Kind::kAny) return;
    operands += kind(i) == Kind::kScalar   ? ", (float16)(*" + data + ")"
                : kind(i) == Kind::kColumn ? ", vload16(0, " + data + " + (column))"
                                           : ", vload16(0, " + data + " + (at))";
  }
  if (pointwise_.program) source.add(program_text(*pointwise_.program, "edge_program16", true));
  source.define("EPILOGUE16(value, at, row, column)",
                pointwise_.program ? "edge_program16(value" + operands + ")" : std::string("(value)"));
}

void Epilogue::arguments(Launch& launch) const {
  const auto outer = static_cast<size_t>(pointwise_.rank > 0 ? pointwise_.rank - 1 : 0);
  for (int i = 1; i < pointwise_.count; i++) {
    launch.input(first_ + static_cast<size_t>(i) - 1);
    if (kind(i) == Kind::kAny)
      launch.value(make_walk({pointwise_.dims, outer}, {pointwise_.strides[i], outer}));
  }
}

}  // namespace edgert::cl
