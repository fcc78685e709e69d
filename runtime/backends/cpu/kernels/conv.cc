#include "ops/conv.h"

#include <algorithm>

#include "backends/cpu/kernels/conv_dot.h"
#include "backends/cpu/kernels/conv_margins.h"
#include "backends/cpu/kernels/conv_rows.h"
#include "backends/cpu/kernels/depthwise.h"
#include "backends/cpu/kernels/generic_product.h"
#include "backends/cpu/kernels/product.h"
#include "backends/cpu/kernels/winograd.h"

namespace edgert {
namespace cpu {
namespace {

enum class ConvWay : int32_t { kEmpty, kProduct, kDepthwise, kWinograd, kDot, kGeneric };

struct ConvState {
  ConvWay way;
  ConvParams params;
  ProductShape shape;
  ConvMargins margins;
  ConvRows rows;
  DepthwiseShape depthwise;
  WinogradShape winograd;
  ConvDot dot;
  GenericEpilogue generic;
  uint64_t pointers, border, packed, sums, copy;  // offsets into the scratch
  uint64_t pointer_bytes, border_bytes;           // for each piece
};

uint64_t aligned(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

Status plan_as_product(const ConvParams& p, edgert_plan& plan, ConvState& state) {
  ProductShape& s = state.shape;
  s.groups = p.groups / p.merged;
  ConvParams padded = p;
  state.margins = plan_margins(padded);
  EDGERT_TRY(plan_conv_rows(padded, s.groups == 1 && segments_pay(p), plan, state.rows));
  s.micro = &micro();
  s.matrices = 1;
  s.rows = p.epilogue.size() / p.outputs;
  s.columns = p.outputs / s.groups;
  s.taps = state.rows.taps;
  s.channels = state.rows.segment ? state.rows.segment : p.channels / s.groups;
  EDGERT_TRY(plan_product(p.epilogue, plan, s));
  const auto pieces = static_cast<uint64_t>(s.pieces());
  state.pointer_bytes = aligned(static_cast<uint64_t>(s.taps * s.micro->gemm->rows) * sizeof(float*));
  state.border_bytes =
      aligned(static_cast<uint64_t>(state.rows.border_elements(s.micro->gemm->rows)) * sizeof(float));
  state.pointers = aligned(s.scratch_bytes());
  state.border = state.pointers + pieces * state.pointer_bytes;
  state.packed = state.border + pieces * state.border_bytes;
  const bool packs = p.form == WeightForm::kPlain;
  state.sums = state.packed + (packs ? aligned(static_cast<uint64_t>(s.groups * s.group_floats()) * 4) : 0);
  state.copy =
      state.sums + (s.epilogue.in_place ? 0 : aligned(static_cast<uint64_t>(s.rows * s.width()) * 4));
  plan.scratch_bytes = state.copy + static_cast<uint64_t>(state.margins.floats) * sizeof(float);
  if (s.epilogue.in_place && !packs)
    plan.lines = lines_of_conv(p, 1, static_cast<uint64_t>(s.groups * s.group_floats()) * sizeof(float));
  return {};
}

Status plan_conv(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<ConvState>(&plan);
  if (!state) return no_memory();
  ConvParams& p = state->params;
  EDGERT_TRY(parse_conv(args, p));
  const int32_t x = args.inputs[0].dtype, w = args.inputs[1].dtype;
  if (p.epilogue.size() == 0) return {};
  if (kDots && p.dot && p.accumulator == EDGERT_I32 && (x == EDGERT_U8 || x == EDGERT_I8)) {
    state->way = ConvWay::kDot;
    return plan_conv_dot(p, x, plan, state->dot);
  }
  if (p.accumulator != EDGERT_F32 || x != EDGERT_F32 || w != EDGERT_F32) {
    if (p.form != WeightForm::kPlain) return unsupported("a packed weight of %s", dtype_name(w));
    state->way = ConvWay::kGeneric;
    return plan_generic(p.epilogue, x, w, p.accumulator, state->generic, plan);
  }
  if (p.form == WeightForm::kDepthwise) {
    state->way = ConvWay::kDepthwise;
    return plan_depthwise(p, plan, state->depthwise);
  }
  static const char* const kWays[] = {"direct", "winograd"};
  if (kWinograd && p.winograd && p.epilogue.result == EDGERT_F32 && winograd_fits(p) &&
      choose_way(plan, kWays, winograd_pays(p)) == 1) {
    state->way = ConvWay::kWinograd;
    return plan_winograd(p, plan, state->winograd);
  }
  state->way = ConvWay::kProduct;
  return plan_as_product(p, plan, *state);
}

void pack_weights(const ConvState& state, const edgert_call& call, float* to) {
  const ProductShape& s = state.shape;
  const auto* w = static_cast<const float*>(call.inputs[1]);
  const int64_t depth = s.taps * s.channels, panels = s.panels(), units = s.groups * panels;
  parallel(call, std::min(s.pieces(), units), [&](int64_t piece, int) {
    const int64_t count = std::min(s.pieces(), units);
    for (int64_t i = piece_begin(units, piece, count); i < piece_begin(units, piece + 1, count); i++)
      pack_panel(w + i / panels * s.columns * depth, 1, depth, depth, s.columns, i % panels,
                 to + i * depth * 16);
  });
}

struct Operands {
  const ConvRows& rows;
  const float *x, *w;
  float* border;
};

const float* panels_of(const void* state, int64_t) { return static_cast<const Operands*>(state)->w; }

const int64_t* rows_of(const void* state, int64_t, int64_t row, int count, const float** pointers) {
  const auto& o = *static_cast<const Operands*>(state);
  return fill_conv_rows(o.rows, o.x, row, count, pointers, o.border);
}

Status run_as_product(const ConvState& state, const edgert_call& call) {
  const ProductShape& s = state.shape;
  char* scratch = static_cast<char*>(call.scratch);
  const auto* x = static_cast<const float*>(call.inputs[0]);
  const auto* w = static_cast<const float*>(call.inputs[1]);
  if (state.params.form == WeightForm::kPlain) {
    auto* packed = reinterpret_cast<float*>(scratch + state.packed);
    pack_weights(state, call, packed);
    w = packed;
  }
  float* sums = s.epilogue.in_place ? static_cast<float*>(call.outputs[0])
                                    : reinterpret_cast<float*>(scratch + state.sums);
  const Range lines = lines_of(call, state.params.output[0]);
  if (state.margins.floats) {
    auto* copy = reinterpret_cast<float*>(scratch + state.copy);
    copy_with_margins(state.margins, x, lines, copy);
    x = copy;
  }
  const int64_t line = s.rows / state.params.output[0];
  const ProductCall product{&call, 2, sums, call.outputs[0], scratch, lines.begin * line, lines.end * line};
  parallel(call, s.pieces(), [&](int64_t piece, int) {
    auto** pointers = reinterpret_cast<const float**>(scratch + state.pointers + piece * state.pointer_bytes);
    auto* border = reinterpret_cast<float*>(scratch + state.border + piece * state.border_bytes);
    const Operands operands{state.rows, x, w, border};
    run_product(s, product, piece, {&operands, panels_of, rows_of}, pointers);
  });
  return {};
}

// One element of the result, by the definition.
void generic_sum(const ConvState& state, const edgert_call& call, int64_t row, int64_t column, void* sum) {
  const ConvParams& p = state.params;
  const int64_t inputs = p.channels / p.groups, group = column / (p.outputs / p.groups);
  const GenericDot dot{call.inputs[0], call.inputs[1], inputs, 1, 1};
  int64_t at[kMaxSpatial], image = row;
  for (int i = p.spatial - 1; i >= 0; i--) {
    at[i] = image % p.output[i] * p.strides[i] - p.pads[i];
    image /= p.output[i];
  }
  for (int64_t tap = 0; tap < p.taps; tap++) {
    int64_t place[kMaxSpatial], rest = tap, pixel = image;
    bool inside = true;
    for (int i = p.spatial - 1; i >= 0; i--) {
      place[i] = at[i] + rest % p.kernel[i] * p.dilations[i];
      rest /= p.kernel[i];
      inside &= place[i] >= 0 && place[i] < p.input[i];
    }
    if (!inside) continue;
    for (int i = 0; i < p.spatial; i++) pixel = pixel * p.input[i] + place[i];
    state.generic.dot(dot, pixel * p.channels + group * inputs, (column * p.taps + tap) * inputs, sum);
  }
}

Status run_conv(const ConvState& state, const edgert_call& call) {
  switch (state.way) {
    case ConvWay::kEmpty: return {};
    case ConvWay::kProduct: return run_as_product(state, call);
    case ConvWay::kDepthwise: return run_depthwise(state.depthwise, call);
    case ConvWay::kWinograd: return kWinograd ? run_winograd(state.winograd, call) : Status{};
    case ConvWay::kDot: return kDots ? run_conv_dot(state.dot, call) : Status{};
    case ConvWay::kGeneric: break;
  }
  const ConvParams& p = state.params;
  run_generic_rows(
      state.generic, call, p.epilogue.size() / p.outputs, p.outputs,
      [&](int64_t row, int64_t column, void* sum) { generic_sum(state, call, row, column, sum); });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel conv_kernel =
    cpu::make_kernel<cpu::ConvState, cpu::plan_conv, cpu::run_conv>("conv");

}  // namespace edgert
