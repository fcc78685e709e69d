// conv_transpose as a gather: output pixels o of one phase (o modulo the stride) see the same taps, and the
// input pixels under a tap follow one another, so each line of a phase is a product like a convolution's.
#include <algorithm>

#include "backends/cpu/kernels/generic_product.h"
#include "backends/cpu/kernels/product.h"
#include "ops/conv.h"

namespace edgert {
namespace cpu {
namespace {

struct TransposeState {
  bool generic, empty;
  ConvParams params;
  const Micro* micro;
  ProductEpilogue epilogue;
  GenericEpilogue generic_epilogue;
  const float* zeros;
  int64_t lines, pieces, image;
  int64_t tap_floats;            // weights of one tap of one group
  uint64_t lists, packed, sums;  // offsets into the scratch
  uint64_t list_bytes;           // for each piece
};

uint64_t aligned(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

Status plan_transpose(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<TransposeState>(&plan);
  if (!state) return no_memory();
  ConvParams& p = state->params;
  EDGERT_TRY(parse_conv_transpose(args, p));
  const int32_t x = args.inputs[0].dtype, w = args.inputs[1].dtype;
  const int64_t size = p.epilogue.size();
  state->empty = size == 0;
  if (state->empty) return {};
  state->generic = p.accumulator != EDGERT_F32 || x != EDGERT_F32 || w != EDGERT_F32;
  if (state->generic) {
    if (p.form != WeightForm::kPlain) return unsupported("a packed weight of %s", dtype_name(w));
    return plan_generic(p.epilogue, x, w, p.accumulator, state->generic_epilogue, plan);
  }
  state->micro = &micro();
  EDGERT_TRY(plan_epilogue(p.epilogue, *state->micro, plan, false, state->epilogue));
  const int last = p.spatial - 1;
  const int64_t inputs = p.channels / p.groups, outputs = p.outputs / p.groups;
  state->lines = size / (p.outputs * p.output[last]);
  state->image = size_of({p.input, static_cast<size_t>(p.spatial)}) * p.channels;
  state->tap_floats = (outputs + 15) / 16 * 16 * inputs;
  double cost = static_cast<double>(p.batch) * static_cast<double>(state->image) *
                static_cast<double>(p.taps * outputs);
  cost = cost / 50 + static_cast<double>(size) * state->epilogue.program.cost;
  int64_t whole;
  cut_work({.tiles = state->lines, .units = 1, .cost = cost}, plan, state->pieces, whole);
  state->zeros = allocate<float>(plan, static_cast<size_t>(p.channels));
  if (!state->zeros) return no_memory();
  // Per piece: row pointers, tap offsets, and the outer taps' places in the kernel and in the input.
  const auto taps = static_cast<uint64_t>(p.taps), pieces = static_cast<uint64_t>(state->pieces);
  state->list_bytes = aligned(taps * 8 * (static_cast<uint64_t>(state->micro->gemm->rows) + 3));
  state->lists = aligned(state->epilogue.program.scratch_bytes() * pieces);
  state->packed = state->lists + state->list_bytes * pieces;
  const bool packs = p.form == WeightForm::kPlain;
  state->sums =
      state->packed + (packs ? aligned(static_cast<uint64_t>(p.groups * p.taps * state->tap_floats) * 4) : 0);
  plan.scratch_bytes = state->sums + (state->epilogue.in_place ? 0 : static_cast<uint64_t>(size) * 4);
  return {};
}

// w [O][taps][C / groups] to [group][tap] panels.
void pack_taps(const TransposeState& state, const float* w, float* to) {
  const ConvParams& p = state.params;
  const int64_t inputs = p.channels / p.groups, outputs = p.outputs / p.groups;
  for (int64_t i = 0; i < p.groups * p.taps; i++) {
    const float* from = w + (i / p.taps * outputs * p.taps + i % p.taps) * inputs;
    for (int64_t panel = 0; panel < (outputs + 15) / 16; panel++)
      pack_panel(from, 1, p.taps * inputs, inputs, outputs, panel,
                 to + i * state.tap_floats + panel * inputs * 16);
  }
}

struct Line {
  const TransposeState& state;
  const float* image;
  const float* weights;
  float* out;  // the line's first sum
  const float* bias;
  const float** pointers;
  int64_t* tap_offsets;
  int64_t* outer_taps;    // kernel places of the outer axes in use, times the last axis' size
  int64_t* outer_pixels;  // first pixels of the input lines under them
  int64_t outer;
};

// The input place under output place `at` and tap `tap` of an axis; false where there is none.
bool source(const ConvParams& p, int axis, int64_t at, int64_t tap, int64_t& place) {
  const int64_t scaled = at + p.pads[axis] - tap * p.dilations[axis];
  place = scaled / p.strides[axis];
  return scaled >= 0 && scaled % p.strides[axis] == 0 && place < p.input[axis];
}

void find_outer(const ConvParams& p, const int64_t* at, Line& line) {
  const int last = p.spatial - 1;
  line.outer = 0;
  for (int64_t tap = 0; tap < p.taps / p.kernel[last]; tap++) {
    int64_t rest = tap, pixel = 0, stride = p.input[last];
    bool inside = true;
    for (int i = last - 1; i >= 0; i--) {
      int64_t place;
      inside &= source(p, i, at[i], rest % p.kernel[i], place);
      pixel += place * stride;
      stride *= p.input[i];
      rest /= p.kernel[i];
    }
    if (!inside) continue;
    line.outer_taps[line.outer] = tap * p.kernel[last];
    line.outer_pixels[line.outer++] = pixel;
  }
}

// Pixels first, first + stride, ... of the line, `count` of them.
void run_phase_tile(const Line& line, int64_t first, int count) {
  const ConvParams& p = line.state.params;
  const int last = p.spatial - 1;
  const int64_t stride = p.strides[last], inputs = p.channels / p.groups, outputs = p.outputs / p.groups;
  int64_t taps = 0;
  for (int64_t k = 0; k < p.kernel[last]; k++) {
    const int64_t scaled = first + p.pads[last] - k * p.dilations[last];
    if (scaled % stride != 0) continue;
    for (int64_t o = 0; o < line.outer; o++, taps++) {
      line.tap_offsets[taps] = (line.outer_taps[o] + k) * line.state.tap_floats;
      for (int r = 0; r < count; r++) {
        const int64_t place = scaled / stride + r;
        line.pointers[taps * count + r] = place >= 0 && place < p.input[last]
                                              ? line.image + (line.outer_pixels[o] + place) * p.channels
                                              : line.state.zeros;
      }
    }
  }
  const FusedHead& head = line.state.epilogue.head;
  GemmTile t{line.pointers,
             0,
             taps,
             inputs,
             line.weights,
             outputs,
             line.out + first * p.outputs,
             stride * p.outputs,
             line.bias,
             head.low,
             head.high,
             inputs * 16,
             line.tap_offsets};
  for (int64_t group = 0; group < p.groups; group++) {
    line.state.micro->gemm->run(t, count);
    t.row_offset += inputs;
    t.panels += p.taps * line.state.tap_floats;
    t.out += outputs;
    if (t.bias) t.bias += outputs;
  }
}

void run_line(const Line& line) {
  const ConvParams& p = line.state.params;
  const int last = p.spatial - 1;
  const int64_t width = p.output[last], stride = p.strides[last], most = line.state.micro->gemm->rows;
  for (int64_t phase = 0; phase < std::min(stride, width); phase++) {
    const int64_t pixels = (width - phase + stride - 1) / stride, tiles = (pixels + most - 1) / most;
    for (int64_t tile = 0; tile < tiles; tile++) {
      const int64_t begin = piece_begin(pixels, tile, tiles), end = piece_begin(pixels, tile + 1, tiles);
      run_phase_tile(line, phase + begin * stride, static_cast<int>(end - begin));
    }
  }
}

Status run_f32(const TransposeState& state, const edgert_call& call) {
  const ConvParams& p = state.params;
  const ProductEpilogue& e = state.epilogue;
  char* scratch = static_cast<char*>(call.scratch);
  const auto* w = static_cast<const float*>(call.inputs[1]);
  if (p.form == WeightForm::kPlain) {
    auto* packed = reinterpret_cast<float*>(scratch + state.packed);
    pack_taps(state, w, packed);
    w = packed;
  }
  auto* sums =
      e.in_place ? static_cast<float*>(call.outputs[0]) : reinterpret_cast<float*>(scratch + state.sums);
  const auto* bias = e.head.bias < 0 ? nullptr : static_cast<const float*>(call.inputs[1 + e.head.bias]);
  const void* operands[kMaxProgramOperands] = {sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  const int last = p.spatial - 1;
  const int64_t width = p.output[last];
  parallel(call, state.pieces, [&](int64_t piece, int) {
    auto* lists =
        reinterpret_cast<int64_t*>(scratch + state.lists + static_cast<uint64_t>(piece) * state.list_bytes);
    Line line{state,   nullptr,        w,
              nullptr, bias,           reinterpret_cast<const float**>(lists + 3 * p.taps),
              lists,   lists + p.taps, lists + 2 * p.taps,
              0};
    const int64_t end = piece_begin(state.lines, piece + 1, state.pieces);
    for (int64_t i = piece_begin(state.lines, piece, state.pieces); i < end; i++) {
      int64_t at[kMaxSpatial], image = i;
      for (int axis = last - 1; axis >= 0; axis--) {
        at[axis] = image % p.output[axis];
        image /= p.output[axis];
      }
      find_outer(p, at, line);
      line.image = static_cast<const float*>(call.inputs[0]) + image * state.image;
      line.out = sums + i * width * p.outputs;
      run_line(line);
      if (!e.plain)
        run_tiles(e.program, operands, call.outputs[0], i * width, (i + 1) * width, 0, p.outputs,
                  scratch + piece * static_cast<int64_t>(e.program.scratch_bytes()));
    }
  });
  return {};
}

// One element of the result, by the definition.
void generic_sum(const TransposeState& state, const edgert_call& call, int64_t row, int64_t column,
                 void* sum) {
  const ConvParams& p = state.params;
  const int64_t inputs = p.channels / p.groups, group = column / (p.outputs / p.groups);
  const GenericDot dot{call.inputs[0], call.inputs[1], inputs, 1, 1};
  int64_t at[kMaxSpatial], image = row;
  for (int i = p.spatial - 1; i >= 0; i--) {
    at[i] = image % p.output[i];
    image /= p.output[i];
  }
  for (int64_t tap = 0; tap < p.taps; tap++) {
    int64_t rest = tap, pixel = 0, stride = 1;
    bool inside = true;
    for (int i = p.spatial - 1; i >= 0; i--) {
      int64_t place;
      inside &= source(p, i, at[i], rest % p.kernel[i], place);
      pixel += place * stride;
      stride *= p.input[i];
      rest /= p.kernel[i];
    }
    if (inside)
      state.generic_epilogue.dot(dot, (image * stride + pixel) * p.channels + group * inputs,
                                 (column * p.taps + tap) * inputs, sum);
  }
}

Status run_transpose(const TransposeState& state, const edgert_call& call) {
  if (state.empty) return {};
  if (!state.generic) return run_f32(state, call);
  const ConvParams& p = state.params;
  run_generic_rows(
      state.generic_epilogue, call, p.epilogue.size() / p.outputs, p.outputs,
      [&](int64_t row, int64_t column, void* sum) { generic_sum(state, call, row, column, sum); });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel conv_transpose_kernel =
    cpu::make_kernel<cpu::TransposeState, cpu::plan_transpose, cpu::run_transpose>("conv_transpose");

}  // namespace edgert
