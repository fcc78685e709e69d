#include "ops/matmul.h"

namespace edgert {
namespace {

// Strides of an operand's batch axes over the result's, in matrices.
Status batch_strides(const NodeArgs& args, const edgert_operand& operand, const char* what,
                     std::span<const int64_t> dims, int64_t* strides) {
  edgert_operand batch = operand;
  batch.rank -= 2;
  return broadcast_strides(args, batch, what, dims, strides);
}

bool is_accumulator(int64_t dtype) {
  return dtype == EDGERT_F32 || dtype == EDGERT_F64 || dtype == EDGERT_I32 || dtype == EDGERT_I64 ||
         dtype == EDGERT_U32 || dtype == EDGERT_U64;
}

Status read_sizes(const NodeArgs& args, MatmulParams& out) {
  const auto &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  out.m = y.dims[y.rank - 2];
  out.n = y.dims[y.rank - 1];
  const int64_t *a_matrix = a.dims + a.rank - 2, *b_matrix = b.dims + b.rank - 2;
  out.k = a_matrix[out.transpose_a ? 0 : 1];
  if (a_matrix[out.transpose_a ? 1 : 0] != out.m || b_matrix[out.transpose_b ? 0 : 1] != out.n ||
      b_matrix[out.transpose_b ? 1 : 0] != out.k)
    return invalid("matrices [%lld, %lld] and [%lld, %lld] give [%lld, %lld]",
                   static_cast<long long>(a_matrix[0]), static_cast<long long>(a_matrix[1]),
                   static_cast<long long>(b_matrix[0]), static_cast<long long>(b_matrix[1]),
                   static_cast<long long>(out.m), static_cast<long long>(out.n));
  const auto batch = shape_of(y).first(static_cast<size_t>(y.rank - 2));
  out.batch_rank = y.rank - 2;
  for (size_t i = 0; i < batch.size(); i++) out.batch_dims[i] = batch[i];
  out.batches = size_of(batch);
  EDGERT_TRY(batch_strides(args, a, "operand 0", batch, out.a_strides));
  return batch_strides(args, b, "operand 1", batch, out.b_strides);
}

// How operand 1 is stored.
Status read_form(const NodeArgs& args, MatmulParams& out) {
  const edgert_operand& b = args.inputs[1];
  const int64_t matrices = size_of(shape_of(b).first(static_cast<size_t>(b.rank - 2)));
  out.panels = has_form(b, "panels");
  if (out.panels) {
    if (out.transpose_b) return invalid("operand 1 is stored as panels and transposed");
    const int64_t params[] = {matrices, out.k, out.n, 16};
    return expect_form(args, b, params, matrices * ((out.n + 15) / 16 * 16) * out.k);
  }
  EDGERT_TRY(expect_plain(args, b, "operand 1"));
  if (!out.transpose_b && matrices == 1) out.dot = find_dot_form(b, 1, out.k, out.n);
  return {};
}

}  // namespace

Status parse_matmul(const NodeArgs& args, MatmulParams& out) {
  out = {};
  EDGERT_TRY(expect_operands(args, 2, 2 + kMaxProgramOperands, 1));
  const auto &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  if (a.rank < 2 || b.rank < 2 || y.rank < 2)
    return invalid("operands of rank %d and %d give rank %d, expected 2 or more", a.rank, b.rank, y.rank);
  int64_t transpose_a, transpose_b, accumulator;
  EDGERT_TRY(read_int(args, "transpose_a", 0, 1, transpose_a));
  EDGERT_TRY(read_int(args, "transpose_b", 0, 1, transpose_b));
  EDGERT_TRY(read_int(args, "accumulator", 0, 255, accumulator));
  if (!is_accumulator(accumulator))
    return unsupported("accumulator %s", dtype_name(static_cast<int32_t>(accumulator)));
  out.transpose_a = transpose_a;
  out.transpose_b = transpose_b;
  out.accumulator = static_cast<int32_t>(accumulator);

  EDGERT_TRY(read_sizes(args, out));
  EDGERT_TRY(expect_plain(args, a, "operand 0"));
  EDGERT_TRY(read_form(args, out));
  return parse_pointwise(args, "epilogue", 2, out.accumulator, out.epilogue);
}

}  // namespace edgert
