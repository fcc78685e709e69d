#include "core/check_pointers.h"

#include <algorithm>
#include <string_view>

#include "core/check_graph.h"
#include "core/object.h"
#include "core/types.h"

namespace edgert {
namespace {

// Copy elements of operand 0 (and of others, which their kernels check to be of its type) and nothing else.
constexpr std::string_view kMoving[] = {
    "reshape", "transpose", "slice",           "expand",     "concat",           "pad",
    "gather",  "gather_nd", "gather_elements", "scatter_nd", "scatter_elements", "compress",
    "nonzero", "unique",    "resize",
};
// Their kernels check every operand's and result's type, and what comes out of containers.
constexpr std::string_view kChecking[] = {
    // sequences, optionals, maps
    "sequence_construct",
    "sequence_at",
    "sequence_insert",
    "sequence_erase",
    "sequence_length",
    "sequence_concat",
    "sequence_split",
    "box",
    "unbox",
    "has_element",
    "map_construct",
    "map_lookup",
    "map_values",
    // text
    "string_equal",
    "string_concat",
    "string_translate",
    "string_split",
    "regex_match",
    "parse_number",
    "format_number",
    "lookup",
    // rows as maps
    "zip_map",
};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Status check_value_type(Value& value) {
  if (item_size(value.dtype) == 0)
    return bad("value '%s' has type %s (%d), which this version cannot hold", value.name.c_str(),
               dtype_name(value.dtype), value.dtype);
  if (is_container(value.dtype) && !value.dims.empty())
    return bad("value '%s' is %s of rank %zu, expected a scalar", value.name.c_str(), dtype_name(value.dtype),
               value.dims.size());
  if (!is_container(value.dtype)) return {};
  if (value.type_text.empty()) value.type_text = dtype_name(value.dtype) + std::string("(?)");
  if (value.dtype == EDGERT_MAP && value.type_text == "map(?)") value.type.dtype = EDGERT_MAP;
  else if (!parse_value_type(value.type_text, value.type))
    return bad("value '%s': '%.200s' is no type", value.name.c_str(), value.type_text.c_str());
  if (value.type.dtype == value.dtype) return {};
  return bad("value '%s' is %s, but its type is %.200s", value.name.c_str(), dtype_name(value.dtype),
             value.type_text.c_str());
}

Status check_pointers(const Graph& graph, const Node& node) {
  const auto dtype = [&](int32_t v) { return v < 0 ? 0 : graph.values[static_cast<size_t>(v)].dtype; };
  const auto points = [&](int32_t v) { return holds_pointers(dtype(v)); };
  const bool makes = std::ranges::any_of(node.outputs, points);
  if (!makes && std::ranges::none_of(node.inputs, points)) return {};
  const std::string_view op = node.info.op;
  if (node.is_control() || op.find('.') != op.npos) return {};
  // Kernels do not write results that they know nothing of.
  const bool more = !node.outputs.empty() && std::ranges::any_of(std::span(node.outputs).subspan(1), points);
  if (is_one_of(op, kChecking) && !more) return {};
  const auto moved = [&](int32_t v) { return !points(v) || dtype(v) == dtype(node.inputs[0]); };
  if (is_one_of(op, kMoving) && !more && !node.inputs.empty() && std::ranges::all_of(node.outputs, moved))
    return {};
  return bad("%s '%s' has strings or containers among its operands or results, which it cannot have",
             node.info.op.c_str(), node.info.name.c_str());
}

}  // namespace edgert
