#include "backends/cpu/kernels/rnn_double.h"

#include <algorithm>

#include "backends/cpu/kernels/rnn_cell.h"

namespace edgert::cpu {
namespace {

// out[j] += the sum over k of w[j][k] * x[k].
void add_product(const double* w, const double* x, int64_t rows, int64_t k, double* out) {
  for (int64_t j = 0; j < rows; j++)
    for (int64_t i = 0; i < k; i++) out[j] += w[j * k + i] * x[i];
}

// One direction's operands, and its part of the scratch.
struct Direction {
  const RnnParams& p;
  int64_t index;
  const double *w, *r, *bias, *peephole;  // bias and peephole may be null
  const int32_t* lengths;                 // or null
  double *gates, *recurrent, *reset, *h, *c;

  int64_t rows() const { return p.gates * p.hidden; }
  int64_t end_of(int64_t b) const { return lengths ? lengths[b] : p.steps; }

  void begin_rows(double* out, int half) const {
    if (bias) std::copy_n(bias + half * rows(), rows(), out);
    else std::fill_n(out, rows(), 0.0);
  }
  void step(const double* x, double* state, double* cell) const;
};

// One sequence a step further.
void Direction::step(const double* x, double* state, double* cell) const {
  begin_rows(gates, 0);
  begin_rows(recurrent, 1);
  add_product(w, x, rows(), p.inputs, gates);
  const bool resets_first = p.kind == RnnKind::kGru && !p.linear_before_reset;
  const int64_t plain = resets_first ? 2 * p.hidden : rows();
  add_product(r, state, plain, p.hidden, recurrent);
  if (resets_first) {
    reset_hidden(p, index, gates, recurrent, state, reset);
    add_product(r + plain * p.hidden, reset, p.hidden, p.hidden, recurrent + plain);
  }
  if (p.kind != RnnKind::kGru)
    for (int64_t j = 0; j < rows(); j++) gates[j] += recurrent[j];
  step_cell(p, index, gates, recurrent, peephole, state, cell);
}

const double* part(const edgert_call& call, bool given, int input, int64_t offset) {
  return given ? static_cast<const double*>(call.inputs[input]) + offset : nullptr;
}

void begin_state(const edgert_call& call, bool given, int input, int64_t offset, int64_t size, double* out) {
  if (const double* from = part(call, given, input, offset)) std::copy_n(from, size, out);
  else std::fill_n(out, size, 0.0);
}

Direction make_direction(const RnnParams& p, const edgert_call& call, int64_t d) {
  const int64_t rows = p.gates * p.hidden, n = p.hidden, size = p.batch * n;
  double* room = static_cast<double*>(call.scratch);
  Direction out = {p,
                   d,
                   part(call, true, 1, d * rows * p.inputs),
                   part(call, true, 2, d * rows * n),
                   part(call, p.has_bias, 3, d * 2 * rows),
                   part(call, p.has_peephole, 7, d * 3 * n),
                   p.has_lengths ? static_cast<const int32_t*>(call.inputs[4]) : nullptr,
                   room,
                   room + rows,
                   room + 2 * rows,
                   room + 2 * rows + n,
                   room + 2 * rows + n + size};
  begin_state(call, p.has_h, 5, d * size, size, out.h);
  begin_state(call, p.has_c, 6, d * size, size, out.c);
  return out;
}

void run_direction(const RnnParams& p, const edgert_call& call, int64_t d) {
  const Direction direction = make_direction(p, call, d);
  const int64_t n = p.hidden, size = p.batch * n;
  const auto* x = static_cast<const double*>(call.inputs[0]);
  auto* y = p.has_y ? static_cast<double*>(call.outputs[0]) : nullptr;
  for (int64_t step = 0; step < p.steps; step++) {
    for (int64_t b = 0; b < p.batch; b++) {
      const int64_t end = direction.end_of(b);
      const bool live = step < end;
      const int64_t at = p.reverse[d] && live ? end - 1 - step : step;
      double* h = direction.h + b * n;
      if (live) direction.step(x + (at * p.batch + b) * p.inputs, h, direction.c + b * n);
      if (!y) continue;
      double* row = y + ((at * p.directions + d) * p.batch + b) * n;
      if (live) std::copy_n(h, n, row);
      else std::fill_n(row, n, 0.0);
    }
  }
  if (p.has_y_h) std::copy_n(direction.h, size, static_cast<double*>(call.outputs[1]) + d * size);
  if (p.has_y_c) std::copy_n(direction.c, size, static_cast<double*>(call.outputs[2]) + d * size);
}

}  // namespace

Status plan_double_rnn(const RnnParams& p, edgert_plan& plan) {
  if (p.packed_w || p.packed_r) return unsupported("packed weights of f64");
  int64_t state, rows;
  const bool fits = multiply(p.batch, p.hidden, state) && multiply(p.gates, p.hidden, rows) &&
                    state < int64_t{1} << 40 && rows < int64_t{1} << 40;
  if (!fits) return invalid("the layer is too large");
  plan.scratch_bytes = static_cast<uint64_t>(2 * rows + p.hidden + 2 * state) * 8;
  return {};
}

void run_double_rnn(const RnnParams& p, const edgert_call& call) {
  for (int64_t d = 0; d < p.directions; d++) run_direction(p, call, d);
}

}  // namespace edgert::cpu
