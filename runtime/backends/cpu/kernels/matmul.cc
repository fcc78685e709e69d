#include "ops/matmul.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/dot_product.h"
#include "backends/cpu/kernels/generic_product.h"
#include "backends/cpu/kernels/product.h"

namespace edgert {
namespace cpu {
namespace {

struct MatmulState {
  ProductShape shape;
  MatmulParams params;
  bool generic;
  GenericEpilogue generic_epilogue;
  DotShape dot;
  int64_t a_matrices, b_matrices;     // stored ones
  uint64_t packed_a, packed_b, sums;  // offsets into the scratch
};

int64_t stored(const int64_t* dims, const int64_t* strides, int rank) {
  int64_t most = 0;
  for (int i = 0; i < rank; i++) most += (dims[i] - 1) * strides[i];
  return most + 1;
}

// Where b is one matrix and a's matrices lie one after the other, all rows are rows of one product.
void join_batches(MatmulParams& p) {
  int64_t expected = 1;
  for (int i = p.batch_rank - 1; i >= 0; i--) {
    if (p.b_strides[i] != 0 || (p.batch_dims[i] != 1 && p.a_strides[i] != expected)) return;
    expected *= p.batch_dims[i];
  }
  if (p.transpose_a) return;
  p.m *= p.batches;
  p.batches = 1;
  p.batch_rank = 0;
}

void fill_rows(const void* state, const uint8_t* x, int64_t row, int count, const uint8_t** pointers,
               uint8_t*) {
  const int64_t k = static_cast<const MatmulState*>(state)->params.k;
  for (int r = 0; r < count; r++) pointers[r] = x + (row + r) * k;
}

// Whether a is bytes, all of whose rows are those of one product by the packed b.
bool is_dot(const MatmulParams& p, int32_t a) {
  return kDots && p.dot && (a == EDGERT_I8 || a == EDGERT_U8) && p.accumulator == EDGERT_I32 &&
         !p.transpose_a && p.batches == 1;
}

Status plan_matmul(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<MatmulState>(&plan);
  if (!state) return no_memory();
  MatmulParams& p = state->params;
  EDGERT_TRY(parse_matmul(args, p));
  if (p.batches * p.m * p.n == 0) return {};
  join_batches(p);
  if (is_dot(p, args.inputs[0].dtype)) {
    DotShape& d = state->dot;
    d.rows = p.m;
    d.taps = 1;
    d.channels = p.k;
    d.columns = p.n;
    d.weights = p.dot;
    return plan_dot(p.epilogue, args.inputs[0].dtype, d, plan);
  }
  state->a_matrices = stored(p.batch_dims, p.a_strides, p.batch_rank);
  state->b_matrices = stored(p.batch_dims, p.b_strides, p.batch_rank);
  state->generic =
      p.accumulator != EDGERT_F32 || args.inputs[0].dtype != EDGERT_F32 || args.inputs[1].dtype != EDGERT_F32;
  if (state->generic) {
    if (p.panels) return unsupported("packed operands of %s", dtype_name(args.inputs[1].dtype));
    return plan_generic(p.epilogue, args.inputs[0].dtype, args.inputs[1].dtype, p.accumulator,
                        state->generic_epilogue, plan);
  }
  ProductShape& s = state->shape;
  s.micro = &micro();
  s.matrices = p.batches;
  s.rows = p.m;
  s.groups = s.taps = 1;
  s.columns = p.n;
  s.channels = p.k;
  EDGERT_TRY(plan_product(p.epilogue, plan, s));
  state->packed_a = s.scratch_bytes();
  state->packed_b =
      state->packed_a + (p.transpose_a ? static_cast<uint64_t>(state->a_matrices * p.m * p.k) * 4 : 0);
  state->packed_b = (state->packed_b + 63) / 64 * 64;
  state->sums =
      state->packed_b + (p.panels ? 0 : static_cast<uint64_t>(state->b_matrices * s.group_floats()) * 4);
  plan.scratch_bytes =
      state->sums + (s.epilogue.in_place ? 0 : static_cast<uint64_t>(p.batches * p.m * p.n) * 4);
  return {};
}

int64_t matrix_offset(const MatmulParams& p, const int64_t* strides, int64_t matrix) {
  int64_t offset = 0;
  for (int i = p.batch_rank - 1; i >= 0; i--) {
    offset += matrix % p.batch_dims[i] * strides[i];
    matrix /= p.batch_dims[i];
  }
  return offset;
}

void transpose(const float* from, int64_t rows, int64_t columns, float* to) {
  for (int64_t begin = 0; begin < columns; begin += 16)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = begin; c < std::min(begin + 16, columns); c++)
        to[c * rows + r] = from[r * columns + c];
}

void pack_operands(const MatmulState& state, const edgert_call& call, char* scratch) {
  const MatmulParams& p = state.params;
  const ProductShape& s = state.shape;
  if (!p.panels) {
    const auto* b = static_cast<const float*>(call.inputs[1]);
    auto* to = reinterpret_cast<float*>(scratch + state.packed_b);
    const int64_t panels = s.panels(), depth = p.k;
    const int64_t units = state.b_matrices * panels, count = std::min(s.pieces(), units);
    parallel(call, count, [&](int64_t piece, int) {
      for (int64_t i = piece_begin(units, piece, count); i < piece_begin(units, piece + 1, count); i++)
        pack_panel(b + i / panels * p.k * p.n, p.transpose_b ? 1 : p.n, p.transpose_b ? p.k : 1, depth, p.n,
                   i % panels, to + i * depth * 16);
    });
  }
  if (p.transpose_a) {
    const auto* a = static_cast<const float*>(call.inputs[0]);
    auto* to = reinterpret_cast<float*>(scratch + state.packed_a);
    for (int64_t i = 0; i < state.a_matrices; i++) transpose(a + i * p.m * p.k, p.k, p.m, to + i * p.m * p.k);
  }
}

Status run_generic(const MatmulState& state, const edgert_call& call) {
  const MatmulParams& p = state.params;
  const GenericDot dot{call.inputs[0], call.inputs[1], p.k, p.transpose_a ? p.m : 1, p.transpose_b ? 1 : p.n};
  run_generic_rows(
      state.generic_epilogue, call, p.batches * p.m, p.n, [&](int64_t row, int64_t column, void* sum) {
        const int64_t matrix = row / p.m, r = row % p.m;
        const int64_t a = matrix_offset(p, p.a_strides, matrix) * p.m * p.k + r * (p.transpose_a ? 1 : p.k);
        const int64_t b =
            matrix_offset(p, p.b_strides, matrix) * p.k * p.n + column * (p.transpose_b ? p.k : 1);
        state.generic_epilogue.dot(dot, a, b, sum);
      });
  return {};
}

struct Operands {
  const MatmulParams& params;
  const float *a, *b;
  int64_t b_floats;  // of a packed matrix
};

const float* panels_of(const void* state, int64_t matrix) {
  const auto& o = *static_cast<const Operands*>(state);
  return o.b + matrix_offset(o.params, o.params.b_strides, matrix) * o.b_floats;
}

const int64_t* rows_of(const void* state, int64_t matrix, int64_t row, int count, const float** pointers) {
  const auto& o = *static_cast<const Operands*>(state);
  const MatmulParams& p = o.params;
  const float* first = o.a + (matrix_offset(p, p.a_strides, matrix) * p.m + row) * p.k;
  for (int r = 0; r < count; r++) pointers[r] = first + r * p.k;
  return nullptr;
}

Status run_matmul(const MatmulState& state, const edgert_call& call) {
  const MatmulParams& p = state.params;
  const ProductShape& s = state.shape;
  if (p.batches * p.m * p.n == 0) return {};
  if (kDots && state.dot.weights) return run_dot(state.dot, call, {fill_rows, &state});
  if (state.generic) return run_generic(state, call);
  char* scratch = static_cast<char*>(call.scratch);
  pack_operands(state, call, scratch);
  const auto* a = p.transpose_a ? reinterpret_cast<const float*>(scratch + state.packed_a)
                                : static_cast<const float*>(call.inputs[0]);
  const auto* b = p.panels ? static_cast<const float*>(call.inputs[1])
                           : reinterpret_cast<const float*>(scratch + state.packed_b);
  float* sums = s.epilogue.in_place ? static_cast<float*>(call.outputs[0])
                                    : reinterpret_cast<float*>(scratch + state.sums);
  const ProductCall product{&call, 2, sums, call.outputs[0], scratch, 0, s.rows};
  const Operands operands{p, a, b, s.group_floats()};
  const ProductSource source{&operands, panels_of, rows_of};
  parallel(call, s.pieces(), [&](int64_t piece, int) {
    const float* pointers[kMaxRows];
    run_product(s, product, piece, source, pointers);
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel matmul_kernel =
    cpu::make_kernel<cpu::MatmulState, cpu::plan_matmul, cpu::run_matmul>("matmul");

}  // namespace edgert
