// pad: the operand's own elements as one strided copy, the border through a table of source indices.
#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/strided_copy.h"
#include "ops/view.h"

namespace edgert {
namespace cpu {
namespace {

struct PadState {
  PadParams pad;
  int64_t rows, row;  // rows of the result, bytes of one
  bool inside;        // x has elements
  StridedCopy interior;
  int64_t interior_offset;               // bytes into the result
  int64_t* sources[EDGERT_MAX_RANK];     // for each axis of the result: the index of x, or -1
  int64_t from_stride[EDGERT_MAX_RANK];  // bytes
};

Status plan_pad(const NodeArgs& args, edgert_plan& plan) {
  PadState* state = new_state<PadState>(&plan);
  if (!state) return no_memory();
  PadParams& pad = state->pad;
  EDGERT_TRY(parse_pad(args, pad));
  const int64_t total = size_of(shape_of(args.outputs[0]));
  if (total == 0) return {};
  state->row = pad.item * (pad.rank ? pad.out[pad.rank - 1] : 1);
  state->rows = total * pad.item / state->row;
  state->inside = size_of(shape_of(args.inputs[0])) != 0;
  StridedCopy& copy = state->interior;
  copy.rank = pad.rank;
  copy.unit = pad.item;
  int64_t from = pad.item, to = pad.item;
  for (int32_t i = pad.rank - 1; i >= 0; i--) {
    copy.size[i] = pad.in[i];
    copy.from_stride[i] = state->from_stride[i] = from;
    copy.to_stride[i] = to;
    state->interior_offset += pad.before[i] * to;
    from *= pad.in[i];
    to *= pad.out[i];
    if (pad.kind == PadKind::kConstant) continue;
    state->sources[i] = allocate<int64_t>(plan, static_cast<size_t>(pad.out[i]));
    if (!state->sources[i]) return no_memory();
    for (int64_t k = 0; k < pad.out[i]; k++)
      state->sources[i][k] = pad_source(pad.kind, k, pad.before[i], pad.in[i]);
  }
  if (state->inside) simplify(copy);
  return {};
}

void fill(char* out, int64_t bytes, const char* value, int64_t item) {
  static constexpr char kZeros[16] = {};
  if (!value || std::memcmp(value, kZeros, static_cast<size_t>(item)) == 0) {
    std::memset(out, 0, static_cast<size_t>(bytes));
    return;
  }
  std::memcpy(out, value, static_cast<size_t>(item));
  for (int64_t done = item; done < bytes; done *= 2)
    std::memcpy(out + done, out, static_cast<size_t>(std::min(done, bytes - done)));
}

void pad_constant(const PadState& state, const edgert_call& call) {
  char* out = static_cast<char*>(call.outputs[0]);
  const char* value = state.pad.has_fill ? static_cast<const char*>(call.inputs[1]) : nullptr;
  const int64_t count = std::min(pieces(state.rows * state.row / 16, call.threads), state.rows);
  parallel(call, count, [&](int64_t i, int32_t) {
    const int64_t begin = piece_begin(state.rows, i, count), end = piece_begin(state.rows, i + 1, count);
    fill(out + begin * state.row, (end - begin) * state.row, value, state.pad.item);
  });
  if (state.inside) run_copy(state.interior, call.inputs[0], out + state.interior_offset, call);
}

// Row `row` of the result, all of whose elements come from x.
void mirror_row(const PadState& state, const char* x, char* out, int64_t row) {
  const PadParams& pad = state.pad;
  const int32_t last = pad.rank - 1;
  const char* from = x;
  for (int32_t axis = last - 1; axis >= 0; axis--) {
    from += state.sources[axis][row % pad.out[axis]] * state.from_stride[axis];
    row /= pad.out[axis];
  }
  const size_t item = static_cast<size_t>(pad.item);
  const int64_t begin = pad.before[last], end = begin + pad.in[last];
  for (int64_t i = 0; i < begin; i++)
    std::memcpy(out + i * pad.item, from + state.sources[last][i] * pad.item, item);
  std::memcpy(out + begin * pad.item, from, static_cast<size_t>(pad.in[last]) * item);
  for (int64_t i = end; i < pad.out[last]; i++)
    std::memcpy(out + i * pad.item, from + state.sources[last][i] * pad.item, item);
}

Status run_pad(const PadState& state, const edgert_call& call) {
  if (state.rows == 0) return {};
  if (state.pad.kind == PadKind::kConstant || state.pad.rank == 0) {
    pad_constant(state, call);
    return {};
  }
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  const int64_t count = std::min(pieces(state.rows * state.row / 8, call.threads), state.rows);
  parallel(call, count, [&](int64_t i, int32_t) {
    const int64_t end = piece_begin(state.rows, i + 1, count);
    for (int64_t row = piece_begin(state.rows, i, count); row < end; row++)
      mirror_row(state, x, out + row * state.row, row);
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel pad_kernel = cpu::make_kernel<cpu::PadState, cpu::plan_pad, cpu::run_pad>("pad");

}  // namespace edgert
