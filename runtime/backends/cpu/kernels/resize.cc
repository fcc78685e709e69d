// resize: nearest copies runs; linear and cubic go axis by axis, each a weighted sum of rows in f32, of f64
// in f64.
#include "ops/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/resize.h"

namespace edgert {
namespace cpu {
namespace {

// One resampled axis of the tensor seen as [outer, in, inner] -> [outer, out, inner].
struct Pass {
  int64_t outer, in, out, inner, taps;
  int64_t* places;  // [out][taps]
  double* weights;  // [out][taps]
  float* narrow;    // the same in f32
  bool* outside;    // [out], or null
};

struct ResizeState {
  ResizeParams resize;
  const ResizeMicro* micro;
  int64_t elements, in_elements;
  int32_t passes;
  Pass pass[EDGERT_MAX_RANK];
  int64_t buffer;                    // numbers of one scratch buffer
  int64_t run;                       // nearest: bytes that lie together behind the last resampled axis
  int32_t last;                      // nearest: the axes up to here are walked
  int64_t* places[EDGERT_MAX_RANK];  // nearest: for each walked axis, or null where it is not resampled
  int64_t out[EDGERT_MAX_RANK], strides[EDGERT_MAX_RANK];  // nearest: result sizes, byte strides of x
};

void fill_tables(const ResizeParams& resize, const ResizeAxis& axis, Pass& pass) {
  for (int64_t i = 0; i < axis.out; i++)
    resize_taps(resize, axis, i, pass.places + i * axis.taps, pass.weights + i * axis.taps);
  for (int64_t i = 0; i < axis.out * axis.taps; i++) pass.narrow[i] = static_cast<float>(pass.weights[i]);
  for (int64_t i = 0; pass.outside && i < axis.out; i++)
    pass.outside[i] = resize_outside(resize, axis, resize_position(resize, axis, i));
}

bool crops(const ResizeParams& resize) { return resize.coordinates == ResizeCoordinates::kCropAndResize; }

// Nearest, where every line of x is repeated equally often.
edgert_lines lines_of_nearest(const ResizeState& state, const edgert_operand& y) {
  const int64_t* places = state.places[1];
  if (!has_lines(y) || state.last < 1 || state.places[0] || state.resize.region_at_run || crops(state.resize))
    return {};
  if (!places) return kSameLines;
  const int64_t times = std::max<int64_t>(y.dims[1] / state.resize.dims[1], 1);
  for (int64_t i = 0; i < y.dims[1]; i++)
    if (places[i] != i / times) return {};
  return {1, 1, times, 0, 0, 0};
}

// Room for a pass's tables, in the plan, and their contents where they are known.
Status make_tables(const ResizeParams& resize, const ResizeAxis& axis, edgert_plan& plan, Pass& pass) {
  int64_t entries;
  if (!multiply(axis.out, axis.taps, entries)) return invalid("the result is too large");
  pass.taps = axis.taps;
  pass.in = axis.in;
  pass.out = axis.out;
  pass.places = allocate<int64_t>(plan, static_cast<size_t>(entries));
  pass.weights = allocate<double>(plan, static_cast<size_t>(entries));
  pass.narrow = allocate<float>(plan, static_cast<size_t>(entries));
  if (!pass.places || !pass.weights || !pass.narrow) return no_memory();
  if (crops(resize)) {
    pass.outside = allocate<bool>(plan, static_cast<size_t>(axis.out));
    if (!pass.outside) return no_memory();
  }
  if (!resize.region_at_run) fill_tables(resize, axis, pass);
  return {};
}

void plan_nearest(const NodeArgs& args, ResizeState& state) {
  const ResizeParams& resize = state.resize;
  int64_t item = static_cast<int64_t>(item_size(resize.dtype)), stride = item;
  for (int32_t i = resize.rank - 1; i >= 0; i--) {
    state.strides[i] = stride;
    state.out[i] = args.outputs[0].dims[i];
    stride *= resize.dims[i];
  }
  state.last = -1;
  for (int32_t k = 0; k < resize.count; k++) {
    const int32_t axis = static_cast<int32_t>(resize.axes[k].axis);
    state.places[axis] = state.pass[k].places;
    state.last = std::max(state.last, axis);
  }
  state.run = state.last < 0 ? state.elements * item : state.strides[state.last];
}

// The sizes of every pass and of the buffers between them.
Status plan_passes(ResizeState& state, edgert_plan& plan) {
  int64_t dims[EDGERT_MAX_RANK];
  const ResizeParams& resize = state.resize;
  std::copy_n(resize.dims, resize.rank, dims);
  const std::span<const int64_t> shape(dims, static_cast<size_t>(resize.rank));
  const bool in_place = resize.dtype == EDGERT_F32 || resize.dtype == EDGERT_F64;
  state.buffer = in_place ? 0 : std::max(state.elements, state.in_elements);
  for (int32_t k = 0; k < resize.count; k++) {
    const size_t axis = static_cast<size_t>(resize.axes[k].axis);
    state.pass[k].outer = size_of(shape.first(axis));
    state.pass[k].inner = size_of(shape.subspan(axis + 1));
    dims[axis] = resize.axes[k].out;
    int64_t size;
    if (!product(shape, size)) return invalid("the result is too large");
    if (k + 1 < resize.count) state.buffer = std::max(state.buffer, size);
  }
  int64_t bytes;
  if (!multiply(state.buffer, resize.dtype == EDGERT_F64 ? 16 : 8, bytes))
    return invalid("the result is too large");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

Status plan_resize(const NodeArgs& args, edgert_plan& plan) {
  ResizeState* state = new_state<ResizeState>(&plan);
  if (!state) return no_memory();
  ResizeParams& resize = state->resize;
  EDGERT_TRY(parse_resize(args, resize));
  const bool moves = resize.kind == ResizeKind::kNearest && !crops(resize);
  if (!moves && !is_number(resize.dtype)) return unsupported("elements of type %s", dtype_name(resize.dtype));
  state->elements = size_of(shape_of(args.outputs[0]));
  state->in_elements = size_of(shape_of(args.inputs[0]));
  state->micro = micro().resize;
  if (state->elements == 0) return {};
  state->passes = resize.count;
  for (int32_t k = 0; k < resize.count; k++)
    EDGERT_TRY(make_tables(resize, resize.axes[k], plan, state->pass[k]));
  if (resize.kind != ResizeKind::kNearest) return plan_passes(*state, plan);
  plan_nearest(args, *state);
  plan.lines = lines_of_nearest(*state, args.outputs[0]);
  return {};
}

void run_nearest(const ResizeState& state, const edgert_call& call) {
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  const int64_t bytes = state.elements * static_cast<int64_t>(item_size(state.resize.dtype)),
                all = bytes / state.run;
  const int64_t line = call.line_end ? all / state.out[1] : all, first = call.line_begin * line;
  const int64_t rows = call.line_end ? call.line_end * line - first : all;
  const int64_t count = std::min(pieces(bytes / 8, call.threads), rows);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = first + piece_begin(rows, piece + 1, count);
    for (int64_t row = first + piece_begin(rows, piece, count); row < end; row++) {
      const char* from = x;
      int64_t rest = row;
      for (int32_t axis = state.last; axis >= 0; rest /= state.out[axis--]) {
        const int64_t i = rest % state.out[axis];
        from += (state.places[axis] ? state.places[axis][i] : i) * state.strides[axis];
      }
      std::memcpy(out + row * state.run, from, static_cast<size_t>(state.run));
    }
  });
}

// One row of a result from the rows of x that its element is made of.
void blend(const ResizeState& state, const Pass& pass, const float* x, int64_t entry, float* y) {
  state.micro->blend(x, pass.inner, pass.places + entry, pass.narrow + entry, pass.taps, pass.inner, y);
}
void blend(const ResizeState&, const Pass& pass, const double* x, int64_t entry, double* y) {
  std::fill_n(y, pass.inner, 0.0);
  for (int64_t tap = entry; tap < entry + pass.taps; tap++)
    for (int64_t i = 0; i < pass.inner; i++) y[i] += x[pass.places[tap] * pass.inner + i] * pass.weights[tap];
}

template <class T>
void run_pass(const ResizeState& state, const Pass& pass, const edgert_call& call, const T* from, T* to) {
  const int64_t rows = pass.outer * pass.out;
  const int64_t count = std::min(pieces(rows * (pass.inner * pass.taps / 8 + 4), call.threads), rows);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(rows, piece + 1, count);
    for (int64_t row = piece_begin(rows, piece, count); row < end; row++)
      blend(state, pass, from + row / pass.out * pass.in * pass.inner, row % pass.out * pass.taps,
            to + row * pass.inner);
  });
}

// A computed result as the node's integer, bool or float type.
template <class S>
typename S::Stored narrow(double x) {
  using T = typename S::Value;
  if constexpr (std::is_floating_point_v<T>) {
    return S::store(static_cast<T>(x));
  } else if constexpr (std::is_same_v<S, Bool>) {
    return x != 0;
  } else {
    if (x != x) return S::store(T{0});
    if (x >= static_cast<double>(std::numeric_limits<T>::max()))
      return S::store(std::numeric_limits<T>::max());
    if (x <= static_cast<double>(std::numeric_limits<T>::lowest()))
      return S::store(std::numeric_limits<T>::lowest());
    return S::store(static_cast<T>(x));
  }
}

// The passes alternate between the two halves of the scratch; T tensors are read and written in place.
template <class T>
void run_passes(const ResizeState& state, const edgert_call& call, int32_t in_place) {
  const bool direct = state.resize.dtype == in_place && state.passes;
  T* buffers[] = {static_cast<T*>(call.scratch), static_cast<T*>(call.scratch) + state.buffer};
  const T* from = static_cast<const T*>(call.inputs[0]);
  if (state.resize.dtype != in_place) {
    with_storage(state.resize.dtype, [&](auto storage) {
      using S = decltype(storage);
      const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
      for (int64_t i = 0; i < state.in_elements; i++) buffers[1][i] = static_cast<T>(S::load(x[i]));
    });
    from = buffers[1];
  }
  for (int32_t k = 0; k < state.passes; k++) {
    const bool is_last = direct && k + 1 == state.passes;
    T* to = is_last ? static_cast<T*>(call.outputs[0]) : buffers[k % 2];
    run_pass(state, state.pass[k], call, from, to);
    from = to;
  }
  if (direct) return;
  with_storage(state.resize.dtype, [&](auto storage) {
    using S = decltype(storage);
    auto* y = static_cast<typename S::Stored*>(call.outputs[0]);
    for (int64_t i = 0; i < state.elements; i++) y[i] = narrow<S>(static_cast<double>(from[i]));
  });
}

// Writes the extrapolation value wherever an axis's position lies outside its region.
void extrapolate(const ResizeState& state, char* y, const int64_t* out) {
  const size_t item = item_size(state.resize.dtype);
  char value[8];
  with_storage(state.resize.dtype, [&](auto storage) {
    const auto stored = narrow<decltype(storage)>(state.resize.extrapolation);
    std::memcpy(value, &stored, sizeof stored);
  });
  for (int32_t k = 0; k < state.passes; k++) {
    const bool* outside = state.pass[k].outside;
    int64_t inner = 1, outer = 1;
    for (int32_t i = 0; i < state.resize.rank; i++) {
      if (i < state.resize.axes[k].axis) outer *= out[i];
      if (i > state.resize.axes[k].axis) inner *= out[i];
    }
    char* to = y;
    for (int64_t o = 0; o < outer; o++)
      for (int64_t i = 0; i < state.pass[k].out; i++)
        for (int64_t j = 0; j < inner; j++, to += item)
          if (outside[i]) std::memcpy(to, value, item);
  }
}

Status run_resize(const ResizeState& state, const edgert_call& call) {
  if (state.elements == 0) return {};
  if (state.resize.region_at_run) {
    // One run at a time uses a plan: its tables may be filled here.
    ResizeParams resize = state.resize;
    set_region(resize, static_cast<const float*>(call.inputs[1]));
    for (int32_t k = 0; k < state.passes; k++) {
      Pass pass = state.pass[k];
      fill_tables(resize, resize.axes[k], pass);
    }
  }
  if (state.resize.kind == ResizeKind::kNearest) run_nearest(state, call);
  else if (state.resize.dtype == EDGERT_F64) run_passes<double>(state, call, EDGERT_F64);
  else run_passes<float>(state, call, EDGERT_F32);
  if (!crops(state.resize)) return {};
  int64_t out[EDGERT_MAX_RANK];
  std::copy_n(state.resize.dims, state.resize.rank, out);
  for (int32_t k = 0; k < state.passes; k++) out[state.resize.axes[k].axis] = state.resize.axes[k].out;
  extrapolate(state, static_cast<char*>(call.outputs[0]), out);
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel resize_kernel =
    cpu::make_kernel<cpu::ResizeState, cpu::plan_resize, cpu::run_resize>("resize");

}  // namespace edgert
