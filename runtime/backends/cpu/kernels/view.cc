// transpose, slice, expand, concat, iota, extents.
#include "ops/view.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/strided_copy.h"

namespace edgert {
namespace cpu {
namespace {

// ---- one strided read into a dense result ----

struct ViewState {
  StridedCopy copy;
  int64_t offset;       // bytes
  StridedCopy by_line;  // the same before it is simplified, where results are made by lines
};

// Which lines of the operand a line of the result is read from.
edgert_lines lines_of_view(const NodeArgs& args, const StridedView& view) {
  const edgert_operand &x = args.inputs[0], &y = args.outputs[0];
  if (!has_lines(y)) return {};
  int64_t line = 1;
  for (int32_t i = 2; i < x.rank; i++) line *= x.dims[i];
  const bool same =
      x.rank > 2 && x.dims[0] == 1 && x.dims[1] == y.dims[1] && view.strides[1] == line && view.offset < line;
  return same ? kSameLines : edgert_lines{1, 0, 1, 0, INT32_MAX, 0};
}

template <auto Parse>
Status plan_view(const NodeArgs& args, edgert_plan& plan) {
  StridedView view;
  EDGERT_TRY(Parse(args, view));
  ViewState* state = new_state<ViewState>(&plan);
  if (!state) return no_memory();
  StridedCopy& copy = state->copy;
  copy.unit = view.item;
  if (size_of(shape_of(args.outputs[0])) == 0) {
    copy.rank = 1;  // and size 0: nothing to copy
    return {};
  }
  copy.rank = view.rank;
  state->offset = view.offset * view.item;
  int64_t stride = view.item;
  for (int32_t i = view.rank - 1; i >= 0; i--) {
    copy.size[i] = view.dims[i];
    copy.from_stride[i] = view.strides[i] * view.item;
    copy.to_stride[i] = stride;
    stride *= view.dims[i];
  }
  state->by_line = copy;
  plan.lines = lines_of_view(args, view);
  simplify(copy);
  return {};
}

Status run_view(const ViewState& state, const edgert_call& call) {
  if (call.line_end) {
    StridedCopy part = state.by_line;
    part.size[1] = call.line_end - call.line_begin;
    simplify(part);
    run_copy(part,
             static_cast<const char*>(call.inputs[0]) + state.offset +
                 call.line_begin * state.by_line.from_stride[1],
             static_cast<char*>(call.outputs[0]) + call.line_begin * state.by_line.to_stride[1]);
    return {};
  }
  run_copy(state.copy, static_cast<const char*>(call.inputs[0]) + state.offset, call.outputs[0], call);
  return {};
}

// ---- concat ----

struct ConcatState {
  int32_t count;
  int64_t rows, line;   // of the result: how many, and how many of them are a line
  StridedCopy* copies;  // one for each operand
  int64_t* offsets;     // of its bytes in a row of the result
};

Status plan_concat(const NodeArgs& args, edgert_plan& plan) {
  ConcatParams concat;
  EDGERT_TRY(parse_concat(args, concat));
  ConcatState* state = new_state<ConcatState>(&plan);
  if (!state) return no_memory();
  state->copies = allocate<StridedCopy>(plan, args.inputs.size());
  state->offsets = allocate<int64_t>(plan, args.inputs.size());
  if (!state->copies || !state->offsets) return no_memory();
  if (size_of(shape_of(args.outputs[0])) == 0) return {};
  const int64_t row = args.outputs[0].dims[concat.axis] * concat.inner;
  int64_t offset = 0;
  for (const edgert_operand& x : args.inputs) {
    const int64_t bytes = x.dims[concat.axis] * concat.inner;
    if (bytes == 0) {
      state->count++;
      continue;
    }
    StridedCopy& copy = state->copies[state->count];
    copy.rank = 1;
    copy.unit = bytes;
    copy.size[0] = concat.outer;
    copy.from_stride[0] = bytes;
    copy.to_stride[0] = row;
    state->offsets[state->count++] = offset;
    offset += bytes;
  }
  state->rows = concat.outer;
  if (const edgert_operand& y = args.outputs[0]; has_lines(y) && concat.axis > 1) {
    plan.lines = kSameLines;
    state->line = concat.outer / y.dims[1];
  }
  return {};
}

Status run_concat(const ConcatState& state, const edgert_call& call) {
  const int64_t first = call.line_begin * state.line;
  const int64_t rows = call.line_end ? call.line_end * state.line - first : state.rows;
  for (int32_t i = 0; i < state.count; i++) {
    StridedCopy part = state.copies[i];
    part.size[0] = rows;
    simplify(part);
    run_copy(part, static_cast<const char*>(call.inputs[i]) + first * state.copies[i].from_stride[0],
             static_cast<char*>(call.outputs[0]) + state.offsets[i] + first * state.copies[i].to_stride[0],
             call);
  }
  return {};
}

// ---- iota, extents ----

Status plan_iota(const NodeArgs& args, edgert_plan& plan) {
  IotaParams* state = new_state<IotaParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_iota(args, *state));
  if (!is_number(state->dtype)) return unsupported("iota of %s", dtype_name(state->dtype));
  return {};
}

Status run_iota(const IotaParams& iota, const edgert_call& call) {
  with_storage(iota.dtype, [&](auto storage) {
    using S = decltype(storage);
    auto* out = static_cast<typename S::Stored*>(call.outputs[0]);
    for (int64_t i = 0; i < iota.count; i++) out[i] = S::store(static_cast<typename S::Value>(i));
  });
  return {};
}

struct ExtentsState {
  int64_t count;
  int64_t* values;
};

Status plan_extents(const NodeArgs& args, edgert_plan& plan) {
  std::span<const int64_t> values;
  EDGERT_TRY(parse_extents(args, values));
  ExtentsState* state = new_state<ExtentsState>(&plan);
  if (!state) return no_memory();
  state->count = static_cast<int64_t>(values.size());
  state->values = allocate<int64_t>(plan, values.size());
  if (!state->values) return no_memory();
  std::copy(values.begin(), values.end(), state->values);
  return {};
}

Status run_extents(const ExtentsState& state, const edgert_call& call) {
  std::copy_n(state.values, state.count, static_cast<int64_t*>(call.outputs[0]));
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel transpose_kernel =
    make_kernel<ViewState, plan_view<parse_transpose>, run_view>("transpose");
extern const edgert_kernel slice_kernel = make_kernel<ViewState, plan_view<parse_slice>, run_view>("slice");
extern const edgert_kernel expand_kernel =
    make_kernel<ViewState, plan_view<parse_expand>, run_view>("expand");
extern const edgert_kernel concat_kernel = make_kernel<ConcatState, plan_concat, run_concat>("concat");
extern const edgert_kernel iota_kernel = make_kernel<IotaParams, plan_iota, run_iota>("iota");
extern const edgert_kernel extents_kernel = make_kernel<ExtentsState, plan_extents, run_extents>("extents");

}  // namespace edgert
