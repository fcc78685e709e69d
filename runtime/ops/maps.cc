#include "ops/maps.h"

namespace edgert {
namespace {

Status expect_inputs(const NodeArgs& args, size_t count) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, count, count, 0));
  for (const edgert_operand& operand : args.inputs) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  return {};
}

Status expect_keys(const NodeArgs& args, const edgert_operand& keys) {
  if (keys.dtype != EDGERT_I64 && keys.dtype != EDGERT_STRING)
    return unsupported("keys of type %s", dtype_name(keys.dtype));
  return expect_rank(args, keys, "the keys", 1);
}

Status expect_value_type(int32_t dtype) {
  if (dtype == EDGERT_F32 || dtype == EDGERT_F64 || dtype == EDGERT_I64 || dtype == EDGERT_STRING) return {};
  return unsupported("maps to %s", dtype_name(dtype));
}

}  // namespace

Status parse_map_construct(const NodeArgs& args, MapConstructParams& map) {
  EDGERT_TRY(expect_inputs(args, 2));
  const edgert_operand &keys = args.inputs[0], &values = args.inputs[1];
  EDGERT_TRY(expect_keys(args, keys));
  EDGERT_TRY(expect_value_type(values.dtype));
  EDGERT_TRY(expect_shape(args, values, "the values", shape_of(keys)));
  map.key = keys.dtype;
  map.value = values.dtype;
  map.count = keys.dims[0];
  return expect_container_result(args, EDGERT_MAP);
}

Status parse_zip_map(const NodeArgs& args, ZipMapParams& zip) {
  EDGERT_TRY(expect_inputs(args, 2));
  const edgert_operand &keys = args.inputs[0], &values = args.inputs[1];
  EDGERT_TRY(expect_keys(args, keys));
  EDGERT_TRY(expect_value_type(values.dtype));
  if (values.dtype == EDGERT_STRING) return unsupported("rows of strings");
  EDGERT_TRY(expect_rank(args, values, "the values", 2));
  const int64_t shape[] = {values.dims[0], keys.dims[0]};
  EDGERT_TRY(expect_shape(args, values, "the values", shape));
  zip = {keys.dtype, values.dtype, shape[0], shape[1]};
  return expect_container_result(args, EDGERT_SEQUENCE);
}

Status parse_map_lookup(const NodeArgs& args, MapLookupParams& lookup) {
  EDGERT_TRY(expect_inputs(args, 2));
  EDGERT_TRY(expect_container(args, 0, EDGERT_MAP));
  EDGERT_TRY(expect_keys(args, args.inputs[1]));
  if (!args.has_output(0)) return invalid("result 0 is missing");
  EDGERT_TRY(expect_value_type(args.outputs[0].dtype));
  EDGERT_TRY(expect_shape(args, args.outputs[0], "the result", shape_of(args.inputs[1])));
  lookup.key = args.inputs[1].dtype;
  lookup.value = args.outputs[0].dtype;
  lookup.count = args.inputs[1].dims[0];
  lookup.text = args.node.string("default");
  lookup.integer = args.node.integer("default", 0);
  lookup.real = args.node.number("default", static_cast<double>(lookup.integer));
  if (lookup.value != EDGERT_I64 || !args.node.ints("default").empty()) return {};
  const bool in_range = lookup.real >= -0x1p53 && lookup.real <= 0x1p53;
  if (in_range) lookup.integer = static_cast<int64_t>(lookup.real);
  if (in_range && static_cast<double>(lookup.integer) == lookup.real) return {};
  return invalid("default is %g, expected an integer", lookup.real);
}

Status parse_map_values(const NodeArgs& args, TakenParams& taken) {
  EDGERT_TRY(expect_inputs(args, 1));
  EDGERT_TRY(expect_container(args, 0, EDGERT_MAP));
  EDGERT_TRY(parse_taken(args, taken));
  EDGERT_TRY(expect_value_type(taken.item.dtype));
  return expect_rank(args, args.outputs[0], "the result", 1);
}

}  // namespace edgert
