// rnn: the input product of many steps at once through the packed GEMM, then one recurrent product a step.
#include "ops/rnn.h"

#include <algorithm>
#include <limits>

#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/rnn_cell.h"
#include "backends/cpu/kernels/rnn_double.h"
#include "backends/cpu/kernels/rnn_steps.h"
#include "backends/cpu/micro/gemm.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/rnn.h"

namespace edgert {
namespace cpu {
namespace {

constexpr int64_t kRowsAtOnce = 64;  // rows of x whose products are held

struct RnnState {
  RnnParams rnn;
  const RnnMicro* micro;
  const GemmMicro* gemm;
  bool fast;                // the cells of RnnMicro fit
  bool fused;               // and its steps of product and cell at once
  int64_t panels, columns;  // of all gates; columns are padded to whole panels
  int64_t chunk;            // steps held at once
  // Floats of scratch: one direction's, then the packed weights where the node's are plain.
  int64_t direction_floats, w_floats, r_floats;
};

// One direction's part of the scratch.
struct Workspace {
  float *gates, *recurrent, *candidate, *h, *c, *reset, *bias;  // `reset` is another `h` where fused
  const float** rows;
};

int64_t workspace_floats(const RnnState& state) {
  const RnnParams& p = state.rnn;
  const int64_t rows = state.chunk * p.batch;
  const int64_t floats = (rows + 2 * p.batch + 1) * state.columns + 3 * p.batch * p.hidden + 2 * rows + 16;
  return (floats + 15) / 16 * 16;
}

Workspace workspace(const RnnState& state, void* scratch, int64_t direction) {
  const RnnParams& p = state.rnn;
  float* at = static_cast<float*>(scratch) + direction * state.direction_floats;
  Workspace w;
  w.rows = reinterpret_cast<const float**>(at);
  at += 2 * state.chunk * p.batch;
  w.gates = at;
  w.recurrent = w.gates + state.chunk * p.batch * state.columns;
  w.candidate = w.recurrent + p.batch * state.columns;
  w.bias = w.candidate + p.batch * state.columns;
  w.h = w.bias + state.columns;
  w.c = w.h + p.batch * p.hidden;
  w.reset = w.c + p.batch * p.hidden;
  return w;
}

Status plan_rnn(const NodeArgs& args, edgert_plan& plan) {
  RnnState* state = new_state<RnnState>(&plan);
  if (!state) return no_memory();
  RnnParams& p = state->rnn;
  EDGERT_TRY(parse_rnn(args, p));
  if (p.dtype == EDGERT_F64) return plan_double_rnn(p, plan);
  if (p.dtype != EDGERT_F32) return unsupported("recurrent layers of %s", dtype_name(p.dtype));
  state->fast = p.default_activations && p.clip == 0 && !p.has_peephole && !p.input_forget &&
                (p.kind != RnnKind::kGru || p.linear_before_reset);
  state->fused = state->fast && p.kind != RnnKind::kRnn && p.batch == 1 && p.hidden % 16 == 0;
  state->panels = (p.gates * p.hidden + 15) / 16;
  state->columns = state->panels * 16;
  state->chunk =
      std::clamp<int64_t>(kRowsAtOnce / std::max<int64_t>(p.batch, 1), 1, std::max<int64_t>(p.steps, 1));
  state->direction_floats = workspace_floats(*state);
  state->w_floats = p.packed_w ? 0 : state->columns * p.inputs;
  state->r_floats = p.packed_r ? 0 : state->columns * p.hidden;
  int64_t bytes;
  if (!multiply(p.directions * 4, state->direction_floats + state->w_floats + state->r_floats, bytes))
    return invalid("the layer is too large");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  state->micro = micro().rnn;
  state->gemm = micro().gemm;
  return {};
}

// Row-major [rows, k] as panels [ceil(rows / 16)][k][16].
void pack_panels(const float* w, int64_t rows, int64_t k, float* panels) {
  for (int64_t first = 0; first < rows; first += 16)
    for (int64_t c = 0; c < k; c++)
      for (int64_t lane = 0; lane < 16; lane++)
        *panels++ = first + lane < rows ? w[(first + lane) * k + c] : 0.0f;
}

// One direction at work.
struct Direction {
  const RnnState& state;
  const edgert_call& call;
  int64_t index;
  bool alone;  // it may use all threads
  Workspace work;
  const float *w, *r;  // panels
  const float* bias;   // [2][gates * hidden] or null
  const int32_t* lengths;

  int64_t end_of(int64_t b) const { return lengths ? lengths[b] : state.rnn.steps; }
  // Which step of x and y the sequence takes as its `step`th.
  int64_t position(int64_t step, int64_t b) const {
    const int64_t end = end_of(b);
    return state.rnn.reverse[index] && step < end ? end - 1 - step : step;
  }

  template <class Body>
  void spread(int64_t cost, int64_t n, Body&& body) const {
    const int64_t count = std::min(alone ? pieces(cost, call.threads) : 1, n);
    if (count <= 1) body(int64_t{0}, n);
    else
      parallel(call, count,
               [&](int64_t i, int32_t) { body(piece_begin(n, i, count), piece_begin(n, i + 1, count)); });
  }

  void start();
  void multiply_inputs(int64_t first, int64_t last) const;
  void recur(const float* h, float* gates) const;
  void recur_with_bias(const float* h, float* out) const;
  void recur_gru(const float* gates) const;
  void cell(const float* gates, const float* recurrent, float* h, float* c) const;
  void step(int64_t step, float* gates) const;
  const float* fused_steps(int64_t first, int64_t last, const float* h) const;
  void run();
};

void Direction::start() {
  const RnnParams& p = state.rnn;
  const int64_t gates = p.gates * p.hidden, size = p.batch * p.hidden;
  std::fill_n(work.bias, state.columns, 0.0f);
  // A GRU's recurrent part has a bias of its own; where fused, only its candidate has.
  const int64_t joined = p.kind != RnnKind::kGru ? gates : state.fused ? 2 * p.hidden : 0;
  for (int64_t i = 0; bias && i < gates; i++) work.bias[i] = i < joined ? bias[i] + bias[gates + i] : bias[i];
  const float* h0 = p.has_h ? static_cast<const float*>(call.inputs[5]) + index * size : nullptr;
  const float* c0 = p.has_c ? static_cast<const float*>(call.inputs[6]) + index * size : nullptr;
  if (h0) std::copy_n(h0, size, work.h);
  else std::fill_n(work.h, size, 0.0f);
  if (c0) std::copy_n(c0, size, work.c);
  else std::fill_n(work.c, size, 0.0f);
}

// gates = x W + b for steps [first, last) of every sequence.
void Direction::multiply_inputs(int64_t first, int64_t last) const {
  const RnnParams& p = state.rnn;
  const int64_t rows = (last - first) * p.batch;
  const float* x = static_cast<const float*>(call.inputs[0]);
  for (int64_t i = 0; i < rows; i++) {
    const int64_t b = i % p.batch;
    work.rows[i] = x + (position(first + i / p.batch, b) * p.batch + b) * p.inputs;
  }
  constexpr float kAll = std::numeric_limits<float>::infinity();
  const int64_t height = state.gemm->rows, tiles = (rows + height - 1) / height;
  spread(rows * p.inputs * state.columns / 60, tiles, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++) {
      const GemmTile tile = {work.rows + t * height,
                             0,
                             1,
                             p.inputs,
                             w,
                             state.columns,
                             work.gates + t * height * state.columns,
                             state.columns,
                             work.bias,
                             -kAll,
                             kAll};
      state.gemm->run(tile, static_cast<int>(std::min(height, rows - t * height)));
    }
  });
}

// gates += h R.
void Direction::recur(const float* h, float* gates) const {
  const RnnParams& p = state.rnn;
  spread(p.batch * p.hidden * state.columns / 60, state.panels, [&](int64_t begin, int64_t end) {
    state.micro->recur(h, p.hidden, p.batch, p.hidden, r, begin, end, gates, state.columns);
  });
}

// A GRU's h R + b into `out`, all sequences.
void Direction::recur_with_bias(const float* h, float* out) const {
  const RnnParams& p = state.rnn;
  const int64_t gates = 3 * p.hidden;
  for (int64_t b = 0; b < p.batch; b++) {
    float* row = out + b * state.columns;
    if (bias) std::copy_n(bias + gates, gates, row);
    std::fill(row + (bias ? gates : 0), row + state.columns, 0.0f);
  }
  recur(h, out);
}

// The recurrent part of a GRU's gates.
void Direction::recur_gru(const float* gates) const {
  const RnnParams& p = state.rnn;
  const int64_t n = p.hidden;
  recur_with_bias(work.h, work.recurrent);
  if (p.linear_before_reset) return;
  for (int64_t b = 0; b < p.batch; b++)
    reset_hidden(p, index, gates + b * state.columns, work.recurrent + b * state.columns, work.h + b * n,
                 work.reset + b * n);
  recur_with_bias(work.reset, work.candidate);
  for (int64_t b = 0; b < p.batch; b++)
    std::copy_n(work.candidate + b * state.columns + 2 * n, n, work.recurrent + b * state.columns + 2 * n);
}

void Direction::cell(const float* gates, const float* recurrent, float* h, float* c) const {
  const RnnParams& p = state.rnn;
  const int64_t n = p.hidden;
  if (!state.fast) {
    const float* peephole =
        p.has_peephole ? static_cast<const float*>(call.inputs[7]) + index * 3 * n : nullptr;
    step_cell(p, index, gates, recurrent, peephole, h, c);
  } else if (p.kind == RnnKind::kLstm) {
    state.micro->lstm(gates, c, h, n);
  } else if (p.kind == RnnKind::kGru) {
    state.micro->gru(gates, recurrent, h, n);
  } else {
    state.micro->tanh(gates, h, n);
  }
}

void Direction::step(int64_t step, float* gates) const {
  const RnnParams& p = state.rnn;
  const int64_t n = p.hidden;
  if (p.kind == RnnKind::kGru) recur_gru(gates);
  else recur(work.h, gates);
  float* y = p.has_y ? static_cast<float*>(call.outputs[0]) : nullptr;
  for (int64_t b = 0; b < p.batch; b++) {
    const bool live = step < end_of(b);
    float* h = work.h + b * n;
    if (live) cell(gates + b * state.columns, work.recurrent + b * state.columns, h, work.c + b * n);
    if (!y) continue;
    float* row = y + ((position(step, b) * p.directions + index) * p.batch + b) * n;
    if (live) std::copy_n(h, n, row);
    else std::fill_n(row, n, 0.0f);
  }
}

// Steps [first, last) of the one sequence, from the state `h` on; where the state is afterwards.
const float* Direction::fused_steps(int64_t first, int64_t last, const float* h) const {
  const RnnParams& p = state.rnn;
  const int64_t n = p.hidden, stride = p.directions * n;
  RnnSteps steps{};
  steps.run = p.kind == RnnKind::kLstm ? state.micro->lstm_step : state.micro->gru_step;
  steps.first.h = h;
  steps.first.gates = work.gates;
  steps.first.panels = r;
  steps.first.bias = bias ? bias + (p.gates + 2) * n : nullptr;
  steps.first.n = n;
  steps.first.c = work.c;
  steps.count = last - first;
  steps.gates_stride = state.columns;
  if (p.has_y) {
    steps.first.out = static_cast<float*>(call.outputs[0]) + position(first, 0) * stride + index * n;
    steps.out_mask = -1;
    steps.out_stride = p.reverse[index] ? -stride : stride;
  } else {
    const bool in_h = h == work.h;
    steps.first.out = in_h ? work.reset : work.h;
    steps.out_mask = 1;
    steps.out_stride = in_h ? work.h - work.reset : work.reset - work.h;
  }
  run_steps(steps, call, alone ? rnn_threads(n * state.columns, n, call.threads) : 1);
  return steps.out(steps.count - 1);
}

void Direction::run() {
  const RnnParams& p = state.rnn;
  const int64_t size = p.batch * p.hidden;
  start();
  const float* h = work.h;
  const int64_t end = state.fused ? end_of(0) : p.steps;
  for (int64_t first = 0; first < end; first += state.chunk) {
    const int64_t last = std::min(end, first + state.chunk);
    multiply_inputs(first, last);
    if (state.fused) h = fused_steps(first, last, h);
    else
      for (int64_t s = first; s < last; s++) step(s, work.gates + (s - first) * p.batch * state.columns);
  }
  if (p.has_y)
    for (int64_t s = end; s < p.steps; s++)
      std::fill_n(static_cast<float*>(call.outputs[0]) + (s * p.directions + index) * size, size, 0.0f);
  if (p.has_y_h) std::copy_n(h, size, static_cast<float*>(call.outputs[1]) + index * size);
  if (p.has_y_c) std::copy_n(work.c, size, static_cast<float*>(call.outputs[2]) + index * size);
}

// The panels of direction `d` of a weight [directions, gates * hidden, k]; plain ones are packed into `room`.
const float* direction_panels(const RnnState& state, const void* weight, bool packed, int64_t d, int64_t k,
                              float* room) {
  const float* w = static_cast<const float*>(weight);
  if (packed) return w + d * state.columns * k;
  const int64_t rows = state.rnn.gates * state.rnn.hidden;
  pack_panels(w + d * rows * k, rows, k, room);
  return room;
}

void run_direction(const RnnState& state, const edgert_call& call, int64_t d, bool alone) {
  const RnnParams& p = state.rnn;
  float* room = static_cast<float*>(call.scratch) + p.directions * state.direction_floats +
                d * (state.w_floats + state.r_floats);
  Direction direction = {
      state,
      call,
      d,
      alone,
      workspace(state, call.scratch, d),
      direction_panels(state, call.inputs[1], p.packed_w, d, p.inputs, room),
      direction_panels(state, call.inputs[2], p.packed_r, d, p.hidden, room + state.w_floats),
      p.has_bias ? static_cast<const float*>(call.inputs[3]) + d * 2 * p.gates * p.hidden : nullptr,
      p.has_lengths ? static_cast<const int32_t*>(call.inputs[4]) : nullptr};
  direction.run();
}

Status run_rnn(const RnnState& state, const edgert_call& call) {
  const RnnParams& p = state.rnn;
  const int32_t* lengths = p.has_lengths ? static_cast<const int32_t*>(call.inputs[4]) : nullptr;
  for (int64_t b = 0; lengths && b < p.batch; b++)
    if (lengths[b] < 0 || lengths[b] > p.steps)
      return error(EDGERT_ERROR_GUARD, "length %d of sequence %lld, expected 0 to %lld", lengths[b],
                   static_cast<long long>(b), static_cast<long long>(p.steps));
  if (p.batch == 0) return {};
  if (p.dtype == EDGERT_F64) {
    run_double_rnn(p, call);
    return {};
  }
  const bool beside = p.directions == 2 && call.threads > 1;
  // Where steps are too short to be shared, other threads would sleep through them.
  const bool shared = rnn_threads(p.batch * p.hidden * state.columns, p.hidden, call.threads) > 1;
  if (beside) parallel(call, 2, [&](int64_t d, int32_t) { run_direction(state, call, d, false); });
  else
    for (int64_t d = 0; d < p.directions; d++) run_direction(state, call, d, shared);
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel rnn_kernel = cpu::make_kernel<cpu::RnnState, cpu::plan_rnn, cpu::run_rnn>("rnn");

}  // namespace edgert
