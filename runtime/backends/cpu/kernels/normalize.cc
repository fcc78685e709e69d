// normalize: mean and variance of every result line in two passes, then one pass that applies them; for lines
// of the innermost axis one after the other.
#include "ops/normalize.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/normalize.h"
#include "backends/cpu/micro/reduce.h"

namespace edgert {
namespace cpu {
namespace {

struct NormalizeState {
  NormalizeParams normalize;
  AxisSplit split;
  int64_t results;
  bool is_f32;                          // x, scale and bias
  bool lines;                           // the innermost axis alone is normalised, scale and bias lie along it
  int64_t runs, run;                    // runs along the innermost axis, elements of one
  int64_t statistics[EDGERT_MAX_RANK];  // strides of mean and inverse along x's axes
  const ReduceMicro* reduce;
  const NormalizeMicro* micro;
};

bool plain_or_absent(int32_t dtype) { return dtype == 0 || dtype == EDGERT_F32; }

// Whether an operand with these strides (or none) has one value for each element of the innermost axis.
bool lies_along(const NormalizeParams& p, int32_t dtype, const int64_t* strides) {
  if (!dtype) return true;
  for (int32_t i = 0; i < p.rank - 1; i++)
    if (strides[i]) return false;
  return strides[p.rank - 1] == 1;
}

Status plan_normalize(const NodeArgs& args, edgert_plan& plan) {
  NormalizeState* state = new_state<NormalizeState>(&plan);
  if (!state) return no_memory();
  NormalizeParams& p = state->normalize;
  EDGERT_TRY(parse_normalize(args, p));
  for (int32_t dtype : {p.dtype, p.scale_dtype, p.bias_dtype})
    if (dtype && !is_float(dtype)) return unsupported("normalisation of %s", dtype_name(dtype));
  if (p.elements == 0) return {};
  state->split = split_axes({p.dims, static_cast<size_t>(p.rank)}, p.axes);
  state->results = state->split.results();
  state->run = p.rank ? p.dims[p.rank - 1] : 1;
  state->runs = p.elements / state->run;
  state->is_f32 = p.dtype == EDGERT_F32 && plain_or_absent(p.scale_dtype) && plain_or_absent(p.bias_dtype);
  state->reduce = micro().reduce;
  state->micro = micro().normalize;
  state->lines = state->is_f32 && p.rank > 0 && p.axes == 1u << (p.rank - 1) &&
                 lies_along(p, p.scale_dtype, p.scale_strides) && lies_along(p, p.bias_dtype, p.bias_strides);
  if (state->lines) return {};
  int64_t stride = 1;
  for (int32_t i = p.rank - 1; i >= 0; i--) {
    if (p.axes >> i & 1u) continue;
    state->statistics[i] = stride;
    stride *= p.dims[i];
  }
  const uint64_t item = p.dtype == EDGERT_F64 ? 8 : 4;
  plan.scratch_bytes = 2 * item * static_cast<uint64_t>(state->results);
  return {};
}

// Mean and 1 / sqrt(variance + epsilon) of columns [begin, end) of point `p`.
void moments(const NormalizeState& state, const float* x, float* mean, float* inverse, int64_t p,
             int64_t begin, int64_t end) {
  const AxisSplit& split = state.split;
  const int64_t outer = split.outer_count(), columns = split.inner ? 1 : split.width;
  const int64_t first = p * columns + begin, last = p * columns + end;
  const float count = static_cast<float>(split.count);
  x += split.point_offset(p) + (split.inner ? 0 : begin);
  std::fill(mean + first, mean + last, 0.0f);
  std::fill(inverse + first, inverse + last, 0.0f);
  const auto fold = split.inner ? state.reduce->run : state.reduce->columns;
  const auto squares = split.inner ? state.reduce->squares_run : state.reduce->squares_columns;
  const int64_t width = split.inner ? split.width : end - begin;
  if (state.normalize.center) {
    for (int64_t o = 0; o < outer; o++)
      fold(EDGERT_FOLD_SUM, x + split.outer_offset(o), split.rows, split.row_stride, width, mean + first);
    for (int64_t i = first; i < last; i++) mean[i] /= count;
  }
  for (int64_t o = 0; o < outer; o++)
    squares(x + split.outer_offset(o), split.rows, split.row_stride, width, mean + first, inverse + first);
  for (int64_t i = first; i < last; i++)
    inverse[i] = 1.0f / std::sqrt(inverse[i] / count + static_cast<float>(state.normalize.epsilon));
}

void all_moments(const NormalizeState& state, const edgert_call& call, float* mean, float* inverse) {
  const AxisSplit& split = state.split;
  const float* x = static_cast<const float*>(call.inputs[0]);
  const int64_t columns = split.inner ? 1 : split.width, blocks = (columns + 63) / 64,
                units = split.points * blocks;
  const int64_t count = std::min(pieces(state.normalize.elements / 4, call.threads), units);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(units, piece + 1, count);
    for (int64_t unit = piece_begin(units, piece, count); unit < end; unit++) {
      const int64_t begin = unit % blocks * 64;
      moments(state, x, mean, inverse, unit / blocks, begin, std::min(columns, begin + 64));
    }
  });
}

// Offsets of run `index` into the statistics, scale and bias.
struct Offsets {
  int64_t statistics = 0, scale = 0, bias = 0;
};
Offsets offsets_of(const NormalizeState& state, int64_t index) {
  const NormalizeParams& p = state.normalize;
  Offsets offsets;
  for (int32_t i = p.rank - 2; i >= 0; index /= p.dims[i--]) {
    const int64_t at = index % p.dims[i];
    offsets.statistics += at * state.statistics[i];
    offsets.scale += at * p.scale_strides[i];
    offsets.bias += at * p.bias_strides[i];
  }
  return offsets;
}

void normalize_f32(const NormalizeState& state, const edgert_call& call) {
  const NormalizeParams& p = state.normalize;
  float* mean = static_cast<float*>(call.scratch);
  float* inverse = mean + state.results;
  all_moments(state, call, mean, inverse);
  const float* scale = p.scale_dtype ? static_cast<const float*>(call.inputs[1]) : nullptr;
  const float* bias = p.bias_dtype ? static_cast<const float*>(call.inputs[2]) : nullptr;
  const int32_t last = p.rank - 1;
  const int64_t count = std::min(pieces(p.elements / 4, call.threads), state.runs);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(state.runs, piece + 1, count);
    for (int64_t r = piece_begin(state.runs, piece, count); r < end; r++) {
      const Offsets offsets = offsets_of(state, r);
      state.micro->apply({static_cast<const float*>(call.inputs[0]) + r * state.run,
                          mean + offsets.statistics, inverse + offsets.statistics,
                          scale ? scale + offsets.scale : nullptr, bias ? bias + offsets.bias : nullptr,
                          last < 0 ? 0 : state.statistics[last], last < 0 ? 0 : p.scale_strides[last],
                          last < 0 ? 0 : p.bias_strides[last],
                          static_cast<float*>(call.outputs[0]) + r * state.run, state.run});
    }
  });
}

void normalize_lines(const NormalizeState& state, const edgert_call& call) {
  const NormalizeParams& p = state.normalize;
  const auto* x = static_cast<const float*>(call.inputs[0]);
  auto* y = static_cast<float*>(call.outputs[0]);
  const auto* scale = p.scale_dtype ? static_cast<const float*>(call.inputs[1]) : nullptr;
  const auto* bias = p.bias_dtype ? static_cast<const float*>(call.inputs[2]) : nullptr;
  const int64_t count = std::min(pieces(p.elements / 4, call.threads), state.runs);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t begin = piece_begin(state.runs, piece, count),
                  end = piece_begin(state.runs, piece + 1, count);
    state.micro->lines({x + begin * state.run, scale, bias, y + begin * state.run, state.run, end - begin,
                        static_cast<float>(p.epsilon), p.center});
  });
}

// Element i of a float tensor of any type.
[[gnu::noinline]] double read_float(int32_t dtype, const void* data, int64_t i) {
  double value = 0;
  with_float(dtype, [&](auto storage) {
    using S = decltype(storage);
    value = static_cast<double>(S::load(static_cast<const typename S::Stored*>(data)[i]));
  });
  return value;
}

template <class S>
void moments_any(const NormalizeState& state, const typename S::Stored* x, typename S::Value* mean,
                 typename S::Value* inverse, int64_t result) {
  using T = typename S::Value;
  const AxisSplit& split = state.split;
  const int64_t columns = split.inner ? 1 : split.width, width = split.inner ? split.width : 1;
  x += split.point_offset(result / columns) + result % columns;
  T centre = 0;
  for (int pass = state.normalize.center ? 0 : 1; pass < 2; pass++) {
    T total = 0;
    for (int64_t o = 0; o < split.outer_count(); o++)
      for (int64_t r = 0; r < split.rows; r++)
        for (int64_t i = 0; i < width; i++) {
          const T value = S::load(x[split.outer_offset(o) + r * split.row_stride + i]) - centre;
          total += pass ? value * value : value;
        }
    total /= static_cast<T>(split.count);
    if (pass) inverse[result] = 1 / std::sqrt(total + static_cast<T>(state.normalize.epsilon));
    else centre = total;
  }
  mean[result] = centre;
}

template <class S>
void normalize_any(const NormalizeState& state, const edgert_call& call) {
  using T = typename S::Value;
  const NormalizeParams& p = state.normalize;
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
  auto* y = static_cast<typename S::Stored*>(call.outputs[0]);
  T* mean = static_cast<T*>(call.scratch);
  T* inverse = mean + state.results;
  for (int64_t i = 0; i < state.results; i++) moments_any<S>(state, x, mean, inverse, i);
  const int32_t last = p.rank - 1;
  for (int64_t r = 0; r < state.runs; r++) {
    const Offsets offsets = offsets_of(state, r);
    for (int64_t i = 0; i < state.run; i++) {
      const int64_t at = r * state.run + i,
                    s = offsets.statistics + (last < 0 ? 0 : i * state.statistics[last]);
      T value = (S::load(x[at]) - mean[s]) * inverse[s];
      if (p.scale_dtype)
        value *= static_cast<T>(read_float(p.scale_dtype, call.inputs[1],
                                           offsets.scale + (last < 0 ? 0 : i * p.scale_strides[last])));
      if (p.bias_dtype)
        value += static_cast<T>(read_float(p.bias_dtype, call.inputs[2],
                                           offsets.bias + (last < 0 ? 0 : i * p.bias_strides[last])));
      y[at] = S::store(value);
    }
  }
}

Status run_normalize(const NormalizeState& state, const edgert_call& call) {
  if (state.normalize.elements == 0) return {};
  if (state.lines) normalize_lines(state, call);
  else if (state.is_f32) normalize_f32(state, call);
  else
    with_float(state.normalize.dtype, [&](auto storage) { normalize_any<decltype(storage)>(state, call); });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel normalize_kernel =
    cpu::make_kernel<cpu::NormalizeState, cpu::plan_normalize, cpu::run_normalize>("normalize");

}  // namespace edgert
