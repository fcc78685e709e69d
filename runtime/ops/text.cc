#include "ops/text.h"

namespace edgert {
namespace {

// Operand `index` holds strings, row-major.
Status expect_text(const NodeArgs& args, size_t index) {
  EDGERT_TRY(expect_dtype(args, args.inputs[index], "an operand", EDGERT_STRING));
  return expect_plain(args, args.inputs[index], "an operand");
}

// One operand of strings or numbers, one result of its shape.
Status expect_alike(const NodeArgs& args, size_t operands) {
  EDGERT_TRY(expect_operands(args, operands, operands, 1));
  EDGERT_TRY(expect_plain(args, args.inputs[0], "x"));
  return expect_shape(args, args.outputs[0], "the result", shape_of(args.inputs[0]));
}

}  // namespace

Status parse_text_pair(const NodeArgs& args, int32_t result, TextPairParams& pair) {
  EDGERT_TRY(expect_operands(args, 2, 2, 1));
  const edgert_operand& out = args.outputs[0];
  EDGERT_TRY(expect_dtype(args, out, "the result", result));
  pair.rank = out.rank;
  pair.count = size_of(shape_of(out));
  for (int32_t i = 0; i < out.rank; i++) pair.dims[i] = out.dims[i];
  for (size_t i = 0; i < 2; i++) {
    EDGERT_TRY(expect_text(args, i));
    EDGERT_TRY(broadcast_strides(args, args.inputs[i], "an operand", shape_of(out), pair.strides[i]));
  }
  return {};
}

Status parse_translate(const NodeArgs& args, TranslateParams& translate) {
  EDGERT_TRY(expect_alike(args, 2));
  EDGERT_TRY(expect_text(args, 0));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", EDGERT_STRING));
  const edgert_operand& table = args.inputs[1];
  EDGERT_TRY(expect_dtype(args, table, "the table", EDGERT_I32));
  EDGERT_TRY(expect_rank(args, table, "the table", 2));
  const int64_t shape[] = {table.dims[0], 2};
  EDGERT_TRY(expect_shape(args, table, "the table", shape));
  if (!table.data) return unsupported("a table that is not constant");
  EDGERT_TRY(expect_form(args, table, {}, size_of(shape)));
  translate.count = size_of(shape_of(args.inputs[0]));
  translate.rows = table.dims[0];
  translate.table = static_cast<const int32_t*>(table.data);
  for (int64_t i = 0; i < 2 * translate.rows; i++)
    if (translate.table[i] < 0 || translate.table[i] > 0x10ffff)
      return invalid("the table holds %d, which is no code point", translate.table[i]);
  for (int64_t i = 1; i < translate.rows; i++)
    if (translate.table[2 * i] <= translate.table[2 * i - 2])
      return invalid("row %lld of the table does not rise", static_cast<long long>(i));
  return {};
}

Status parse_split(const NodeArgs& args, SplitParams& split) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, 1, 1, 0));
  EDGERT_TRY(expect_text(args, 0));
  const edgert_operand& x = args.inputs[0];
  split.count = size_of(shape_of(x));
  if (!args.node.ints("most").empty()) EDGERT_TRY(read_int(args, "most", INT64_MIN, INT64_MAX, split.most));
  split.has_parts = args.has_output(0);
  split.has_counts = args.has_output(1);
  if (split.has_parts) {
    const edgert_operand& parts = args.outputs[0];
    EDGERT_TRY(expect_dtype(args, parts, "the parts", EDGERT_STRING));
    EDGERT_TRY(expect_rank(args, parts, "the parts", x.rank + 1));
    for (int32_t i = 0; i < x.rank; i++)
      if (parts.dims[i] != x.dims[i]) return invalid("the parts have another shape than x");
    if (parts.dims[x.rank] >= 0) return invalid("the number of parts is not left to the run");
    split.room = parts.data_bytes;
  }
  if (!split.has_counts) return {};
  EDGERT_TRY(expect_dtype(args, args.outputs[1], "the counts", EDGERT_I64));
  return expect_shape(args, args.outputs[1], "the counts", shape_of(x));
}

Status parse_format_number(const NodeArgs& args, NumberTextParams& format) {
  EDGERT_TRY(expect_alike(args, 1));
  EDGERT_TRY(expect_dtype(args, args.outputs[0], "the result", EDGERT_STRING));
  format.dtype = args.inputs[0].dtype;
  format.count = size_of(shape_of(args.inputs[0]));
  return {};
}

Status parse_parse_number(const NodeArgs& args, NumberTextParams& parse) {
  EDGERT_TRY(expect_alike(args, 1));
  EDGERT_TRY(expect_text(args, 0));
  int64_t dtype;
  EDGERT_TRY(read_int(args, "dtype", EDGERT_F32, EDGERT_U2, dtype));
  if (dtype != EDGERT_F64 && dtype != EDGERT_I64 && dtype != EDGERT_U64)
    return invalid("numbers are read as %s, expected f64, i64 or u64",
                   dtype_name(static_cast<int32_t>(dtype)));
  parse.dtype = static_cast<int32_t>(dtype);
  parse.count = size_of(shape_of(args.inputs[0]));
  return expect_dtype(args, args.outputs[0], "the result", parse.dtype);
}

}  // namespace edgert
