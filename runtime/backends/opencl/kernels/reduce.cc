#include "ops/reduce.h"

#include "backends/opencl/kernels/axes.h"
#include "backends/opencl/program_text.h"

namespace edgert::cl {
namespace {

bool is_float(int32_t dtype) { return dtype == EDGERT_F32 || dtype == EDGERT_F64; }

// The type's least (or greatest) value, from which a maximum (minimum) starts.
std::string limit_text(int32_t dtype, bool least) {
  switch (dtype) {
    case EDGERT_I8: return least ? "CHAR_MIN" : "CHAR_MAX";
    case EDGERT_I16: return least ? "SHRT_MIN" : "SHRT_MAX";
    case EDGERT_I32: return least ? "INT_MIN" : "INT_MAX";
    case EDGERT_I64: return least ? "LONG_MIN" : "LONG_MAX";
    case EDGERT_U8: return least ? "0" : "UCHAR_MAX";
    case EDGERT_U16: return least ? "0" : "USHRT_MAX";
    case EDGERT_U32: return least ? "0" : "UINT_MAX";
    case EDGERT_U64: return least ? "0" : "ULONG_MAX";
    case EDGERT_BOOL: return least ? "false" : "true";
    default: return least ? "-INFINITY" : "INFINITY";
  }
}

void define_kind(Source& source, ReduceKind kind, int32_t dtype) {
  const std::string type = type_text(dtype);
  // Sums of f32 are made in f64 where there is one and rounded once.
  const bool sum = kind == ReduceKind::kSum || kind == ReduceKind::kMean;
  source.define("TOTAL", sum && dtype == EDGERT_F32 ? "WIDE" : type);
  const char* join = "";
  std::string initial;
  switch (kind) {
    case ReduceKind::kSum:
    case ReduceKind::kMean: join = "(TOTAL)((a) + (b))", initial = "0"; break;
    case ReduceKind::kProd: join = "(TOTAL)((a) * (b))", initial = "1"; break;
    case ReduceKind::kMax:
      join = "((b) != (b) || (b) > (a) ? (b) : (a))", initial = limit_text(dtype, true);
      break;
    case ReduceKind::kMin:
      join = "((b) != (b) || (b) < (a) ? (b) : (a))", initial = limit_text(dtype, false);
      break;
  }
  source.define("JOIN(a, b)", join).define("INITIAL", initial);
  std::string value = "(total)";
  if (kind == ReduceKind::kMean)
    value = is_float(dtype) ? "((total) / (TOTAL)(count))"
                            : "((count) == 0 ? (TOTAL)0 : (TOTAL)((total) / (TOTAL)(count)))";
  source.define("MEAN(total, count)", "(" + type + ")" + value);
}

Status supports_one(const Device& device, const NodeArgs& args, const char* attribute) {
  std::string why;
  const Program* program = args.node.program(attribute);
  if (program && !can_print(*program, device.fp64, why)) return unsupported("%s", why.c_str());
  return {};
}

Status supports(const Device& device, const NodeArgs& args) {
  EDGERT_TRY(supports_one(device, args, "prologue"));
  EDGERT_TRY(supports_one(device, args, "epilogue"));
  return supports_number(device, args);
}

// FIRST(v), the prologue on element `number` of `result`, and the parameters for its extra operands.
void define_prologue(Source& source, const NodeArgs& args, const Program* prologue) {
  std::string parameters, operands;
  for (size_t i = 1; prologue && i < prologue->operands.size(); i++) {
    const std::string name = numbered("p", static_cast<int>(i));
    parameters += ", IN(" + name + "), const Walk " + name + "_kept, const Walk " + name + "_reduced";
    const std::string at = "walk(&" + name + "_kept, result) + walk(&" + name + "_reduced, number)";
    operands += ", " + load_text(args.inputs[i].dtype, name, at);
  }
  if (prologue) source.add(program_text(*prologue, "edge_first"));
  source.define("FIRST_PARAMETERS", parameters);
  source.define("FIRST(v)", prologue ? "edge_first(v" + operands + ")" : "(v)");
}

Status set_prologue(Launch& launch, const NodeArgs& args, const Program* prologue, uint32_t axes) {
  const auto dims = shape_of(args.inputs[0]);
  for (size_t i = 1; prologue && i < prologue->operands.size(); i++) {
    int64_t strides[EDGERT_MAX_RANK];
    EDGERT_TRY(broadcast_strides(args, args.inputs[i], "a prologue operand", dims, strides));
    launch.input(i)
        .value(walk_along(dims, strides, axes, false))
        .value(walk_along(dims, strides, axes, true));
  }
  return {};
}

Status plan(Planner& planner, const NodeArgs& args) {
  ReduceParams p;
  uint32_t axes = 0;
  EDGERT_TRY(parse_reduce(args, p));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(read_axes(args, "axes", x.rank, axes));
  if (p.results == 0) return {};
  const AxisWalks walks = walk_axes(shape_of(x), axes);
  const Program* prologue = args.node.program("prologue");
  Source source = planner.source();
  define_axes(planner.device(), source, walks);
  define_prologue(source, args, prologue);
  const Epilogue epilogue(p.epilogue, p.prologue_operands);
  if (p.has_epilogue) epilogue.define(source);
  else source.define("EPILOGUE_PARAMETERS", "");
  define_kind(source, p.kind, prologue ? prologue->result_dtype() : compute_dtype(x.dtype));
  source.define("FINISH(t, n)",
                p.has_epilogue ? "EPILOGUE(MEAN(t, n), result, result / last, result % last)" : "MEAN(t, n)");
  source.define("LOAD_X", std::string("load_") + storage_text(x.dtype));
  source.define("STORE_Y", std::string("store_") + storage_text(args.outputs[0].dtype));
  Launch* launch;
  EDGERT_TRY(planner.launch(source.file("reduce"), "reduce", launch));
  launch->output(0).input(0);
  axes_arguments(*launch, walks);
  EDGERT_TRY(set_prologue(*launch, args, prologue, axes));
  if (p.has_epilogue) epilogue.arguments(*launch);
  const edgert_operand& y = args.outputs[0];
  launch->integer(y.rank > 0 ? y.dims[y.rank - 1] : 1);
  axes_range(planner.device(), *launch, walks);
  return {};
}

}  // namespace

extern const Family reduce_family = {"reduce", supports, plan};

}  // namespace edgert::cl
