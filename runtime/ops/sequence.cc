#include "ops/sequence.h"

#include <algorithm>

#include "core/object.h"
#include "ops/reduce.h"

namespace edgert {
namespace {

// Only the operands: results may have sizes that are found later.
Status expect_inputs(const NodeArgs& args, size_t least, size_t most) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, least, most, 0));
  for (const edgert_operand& operand : args.inputs)
    if (operand.dtype) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  return {};
}

Status read_item(const edgert_operand& operand, ItemParams& item) {
  if (item_size(operand.dtype) == 0) return invalid("items of type %s", dtype_name(operand.dtype));
  item.dtype = operand.dtype;
  item.rank = operand.rank;
  std::ranges::copy(shape_of(operand), item.dims);
  return {};
}

Status expect_position(const NodeArgs& args, size_t index) {
  EDGERT_TRY(expect_dtype(args, args.inputs[index], "the position", EDGERT_I64));
  return expect_rank(args, args.inputs[index], "the position", 0);
}

Status expect_scalar(const NodeArgs& args, const edgert_operand& result, int32_t dtype) {
  EDGERT_TRY(expect_dtype(args, result, "the result", dtype));
  return expect_rank(args, result, "the result", 0);
}

}  // namespace

Status expect_container(const NodeArgs& args, size_t index, int32_t dtype) {
  if (!args.has_input(index)) return invalid("operand %zu is missing", index);
  EDGERT_TRY(expect_dtype(args, args.inputs[index], "an operand", dtype));
  return expect_rank(args, args.inputs[index], "an operand", 0);
}

Status expect_container_result(const NodeArgs& args, int32_t dtype) {
  if (!args.has_output(0)) return invalid("result 0 is missing");
  return expect_scalar(args, args.outputs[0], dtype);
}

Status parse_taken(const NodeArgs& args, TakenParams& taken) {
  if (!args.has_output(0)) return invalid("result 0 is missing");
  const edgert_operand& out = args.outputs[0];
  if (out.rank < 0 || out.rank > EDGERT_MAX_RANK) return invalid("the result has rank %d", out.rank);
  if (is_container(out.dtype) && out.rank) return invalid("the result is a container of rank %d", out.rank);
  taken.room = out.data_bytes;
  return read_item(out, taken.item);
}

Status parse_sequence_construct(const NodeArgs& args, std::span<ItemParams> items) {
  EDGERT_TRY(expect_inputs(args, items.size(), items.size()));
  for (size_t i = 0; i < items.size(); i++) EDGERT_TRY(read_item(args.inputs[i], items[i]));
  return expect_container_result(args, EDGERT_SEQUENCE);
}

Status parse_sequence_at(const NodeArgs& args, TakenParams& taken) {
  EDGERT_TRY(expect_inputs(args, 2, 2));
  EDGERT_TRY(expect_container(args, 0, EDGERT_SEQUENCE));
  EDGERT_TRY(expect_position(args, 1));
  return parse_taken(args, taken);
}

Status parse_sequence_insert(const NodeArgs& args, InsertParams& insert) {
  EDGERT_TRY(expect_inputs(args, 2, 3));
  EDGERT_TRY(expect_container(args, 0, EDGERT_SEQUENCE));
  EDGERT_TRY(read_item(args.inputs[1], insert.item));
  insert.has_position = args.has_input(2);
  if (insert.has_position) EDGERT_TRY(expect_position(args, 2));
  return expect_container_result(args, EDGERT_SEQUENCE);
}

Status parse_sequence_erase(const NodeArgs& args, bool& has_position) {
  EDGERT_TRY(expect_inputs(args, 1, 2));
  EDGERT_TRY(expect_container(args, 0, EDGERT_SEQUENCE));
  has_position = args.has_input(1);
  if (has_position) EDGERT_TRY(expect_position(args, 1));
  return expect_container_result(args, EDGERT_SEQUENCE);
}

Status parse_sequence_length(const NodeArgs& args) {
  EDGERT_TRY(expect_inputs(args, 1, 1));
  EDGERT_TRY(expect_container(args, 0, EDGERT_SEQUENCE));
  if (!args.has_output(0)) return invalid("result 0 is missing");
  return expect_scalar(args, args.outputs[0], EDGERT_I64);
}

Status parse_sequence_concat(const NodeArgs& args, SequenceConcatParams& concat) {
  EDGERT_TRY(expect_inputs(args, 1, 1));
  EDGERT_TRY(expect_container(args, 0, EDGERT_SEQUENCE));
  EDGERT_TRY(parse_taken(args, concat.result));
  int64_t stacks;
  EDGERT_TRY(read_int(args, "new_axis", 0, 1, stacks));
  concat.stacks = stacks;
  const ItemParams& result = concat.result.item;
  if (is_container(result.dtype)) return invalid("the result is %s", dtype_name(result.dtype));
  EDGERT_TRY(read_axis(args, "axis", result.rank, concat.axis));
  concat.item.dtype = result.dtype;
  concat.item.rank = result.rank - static_cast<int32_t>(stacks);
  std::span<const int64_t> shape;
  EDGERT_TRY(read_ints(args, "shape", static_cast<size_t>(concat.item.rank), -1, INT64_MAX, shape));
  std::ranges::copy(shape, concat.item.dims);
  return {};
}

Status parse_sequence_split(const NodeArgs& args, SequenceSplitParams& split) {
  EDGERT_TRY(expect_inputs(args, 1, 2));
  EDGERT_TRY(read_item(args.inputs[0], split.x));
  int64_t keeps;
  EDGERT_TRY(read_axis(args, "axis", split.x.rank, split.axis));
  EDGERT_TRY(read_int(args, "keepdims", 0, 1, keeps));
  split_around(args.inputs[0], split.axis, split.outer, split.n, split.inner);
  split.has_size = args.has_input(1);
  split.keeps_axis = keeps || split.has_size;
  if (split.has_size) {
    const edgert_operand& sizes = args.inputs[1];
    EDGERT_TRY(expect_dtype(args, sizes, "split", EDGERT_I64));
    if (sizes.rank > 1) return invalid("split has rank %d, expected 0 or 1", sizes.rank);
    if (sizes.rank == 1) split.sizes = sizes.dims[0];
  }
  return expect_container_result(args, EDGERT_SEQUENCE);
}

Status parse_box(const NodeArgs& args, BoxParams& box) {
  EDGERT_TRY(expect_inputs(args, 0, 1));
  box.is_present = args.has_input(0);
  if (box.is_present) EDGERT_TRY(read_item(args.inputs[0], box.item));
  if (box.item.dtype == EDGERT_OPTIONAL) return invalid("the operand is an optional already");
  return expect_container_result(args, EDGERT_OPTIONAL);
}

Status parse_unbox(const NodeArgs& args, TakenParams& taken) {
  EDGERT_TRY(expect_inputs(args, 1, 1));
  EDGERT_TRY(expect_container(args, 0, EDGERT_OPTIONAL));
  EDGERT_TRY(parse_taken(args, taken));
  if (taken.item.dtype == EDGERT_OPTIONAL) return invalid("the content is an optional itself");
  return {};
}

Status parse_has_element(const NodeArgs& args) {
  EDGERT_TRY(expect_inputs(args, 1, 1));
  EDGERT_TRY(expect_container(args, 0, EDGERT_OPTIONAL));
  if (!args.has_output(0)) return invalid("result 0 is missing");
  return expect_scalar(args, args.outputs[0], EDGERT_BOOL);
}

}  // namespace edgert
