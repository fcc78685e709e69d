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

  auto shape = shape_of(y);
  out.m = shape[shape.size() - 2];
  out.n = shape[shape.size() - 1];
  const int64_t *a_matrix = a.dims + a.rank - 2, *b_matrix = b.dims + b.rank - 2;
  out.k = a_matrix[transpose_a ? 0 : 1];
  if (a_matrix[transpose_a ? 1 : 0] != out.m || b_matrix[transpose_b ? 0 : 1] != out.n ||
      b_matrix[transpose_b ? 1 : 0] != out.k)
    return invalid("matrices [%lld, %lld] and [%lld, %lld] give [%lld, %lld]",
                   static_cast<long long>(a_matrix[0]), static_cast<long long>(a_matrix[1]),
                   static_cast<long long>(b_matrix[0]), static_cast<long long>(b_matrix[1]),
                   static_cast<long long>(out.m), static_cast<long long>(out.n));

  auto batch = shape.first(shape.size() - 2);
  out.batch_rank = y.rank - 2;
  for (int i = 0; i < out.batch_rank; i++) out.batch_dims[i] = batch[i];
  out.batches = size_of(batch);
  EDGERT_TRY(batch_strides(args, a, "operand 0", batch, out.a_strides));
  EDGERT_TRY(batch_strides(args, b, "operand 1", batch, out.b_strides));

  EDGERT_TRY(expect_plain(args, a, "operand 0"));
  out.panels = has_form(b, "panels");
  if (out.panels) {
    if (transpose_b) return invalid("operand 1 is stored as panels and transposed");
    int64_t groups = size_of(shape_of(b).first(b.rank - 2));
    const int64_t params[] = {groups, out.k, out.n, 16};
    EDGERT_TRY(expect_form(args, b, params, groups * ((out.n + 15) / 16 * 16) * out.k));
  } else {
    EDGERT_TRY(expect_plain(args, b, "operand 1"));
    if (!transpose_b && size_of(shape_of(b).first(b.rank - 2)) == 1)
      out.dot = find_dot_form(b, 1, out.k, out.n);
  }
  return parse_pointwise(args, "epilogue", 2, out.accumulator, out.epilogue);
}

}  // namespace edgert
