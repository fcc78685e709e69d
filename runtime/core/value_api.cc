// The C ABI's values of any kind.
#include <new>

#include "core/api.h"
#include "core/types.h"
#include "core/value.h"

namespace edgert {
namespace {

// A tensor of the host as an object over its memory.
Status borrow(const edgert_tensor& tensor, Object& out) {
  if (tensor.rank < 0 || tensor.rank > EDGERT_MAX_RANK)
    return error(EDGERT_ERROR_ARGUMENT, "value_tensor: rank is %d, expected 0 to %d", tensor.rank,
                 EDGERT_MAX_RANK);
  const std::span dims(tensor.dims, static_cast<size_t>(tensor.rank));
  const auto item = static_cast<int64_t>(item_size(tensor.dtype));
  int64_t elements, bytes;
  if (item == 0 || is_container(tensor.dtype))
    return error(EDGERT_ERROR_ARGUMENT, "value_tensor: %d is no type of a tensor's elements", tensor.dtype);
  if (!product(dims, elements) || !multiply(elements, item, bytes))
    return error(EDGERT_ERROR_ARGUMENT, "value_tensor: its size is %s", shape_text(dims).c_str());
  if (static_cast<uint64_t>(bytes) > tensor.bytes || (bytes && !tensor.data))
    return error(EDGERT_ERROR_ARGUMENT, "value_tensor: %s of %s needs %lld bytes, got %llu",
                 shape_text(dims).c_str(), dtype_name(tensor.dtype), static_cast<long long>(bytes),
                 static_cast<unsigned long long>(tensor.data ? tensor.bytes : 0));
  out.dtype = tensor.dtype;
  out.rank = tensor.rank;
  for (size_t i = 0; i < dims.size(); i++) out.dims[i] = dims[i];
  out.data = tensor.data;
  return tensor.dtype == EDGERT_STRING ? check_strings("value_tensor", tensor.data, elements) : Status();
}

edgert_status hand_out(Status status, OwnedValue* made, edgert_value** out) {
  *out = status.ok() ? made : nullptr;
  return report(status);
}

}  // namespace
}  // namespace edgert

using edgert::bad_argument;
using edgert::get;
using edgert::is_index;
using edgert::OwnedValue;
using edgert::report;
using edgert::Session;
using edgert::sized;

extern "C" {

edgert_status edgert_value_tensor(const edgert_tensor* tensor, edgert_value** out) {
  if (!sized(tensor, "value_tensor")) return EDGERT_ERROR_ARGUMENT;
  if (!out) return bad_argument("value_tensor", "out is null");
  edgert::Object borrowed;
  OwnedValue* made = nullptr;
  edgert::Status status = edgert::borrow(*tensor, borrowed);
  if (status.ok()) status = OwnedValue::copy(borrowed, made);
  return edgert::hand_out(status, made, out);
}

edgert_status edgert_value_sequence(const edgert_value* const* items, int64_t count, edgert_value** out) {
  if (!out || count < 0 || (count && !items))
    return bad_argument("value_sequence", "out or items is null, or the count is negative");
  OwnedValue* made = nullptr;
  edgert::Status status = OwnedValue::sequence({items, static_cast<size_t>(count)}, made);
  return edgert::hand_out(status, made, out);
}

edgert_status edgert_value_map(const edgert_value* keys, const edgert_value* values, edgert_value** out) {
  if (!out || !keys || !values) return bad_argument("value_map", "keys, values or out is null");
  OwnedValue* made = nullptr;
  edgert::Status status = OwnedValue::map(*keys, *values, made);
  return edgert::hand_out(status, made, out);
}

edgert_status edgert_value_copy(const edgert_value* value, edgert_value** out) {
  if (!out) return bad_argument("value_copy", "out is null");
  *out = nullptr;
  if (!value) return EDGERT_OK;
  OwnedValue* made = nullptr;
  edgert::Status status = OwnedValue::copy(*value, made);
  return edgert::hand_out(status, made, out);
}

void edgert_value_free(edgert_value* value) {
  if (value && value->is_counted) static_cast<OwnedValue*>(value)->release();
}

int32_t edgert_value_kind(const edgert_value* value) { return value ? value->dtype : 0; }

int64_t edgert_value_count(const edgert_value* value) { return value ? value->count : 0; }

edgert_status edgert_value_item(const edgert_value* value, int64_t index, const edgert_value** out) {
  if (!out || index < 0 || index >= edgert_value_count(value))
    return bad_argument("value_item", "no such item, or out is null");
  *out = value->items[index];
  return EDGERT_OK;
}

edgert_status edgert_value_get_tensor(const edgert_value* value, edgert_tensor* out) {
  if (!sized(out, "value_get_tensor")) return EDGERT_ERROR_ARGUMENT;
  if (!value || edgert::is_container(value->dtype))
    return bad_argument("value_get_tensor", "the value is null, a sequence or a map");
  edgert::describe_tensor(*value, *out);
  return EDGERT_OK;
}

edgert_status edgert_get_output_value(edgert_session* handle, int32_t index, const edgert_value** out) {
  Session* session = get(handle, "get_output_value");
  if (!session) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->output_count()) || !out)
    return bad_argument("get_output_value", "no such output, or out is null");
  return report(session->get_output_value(static_cast<size_t>(index), *out));
}

edgert_status edgert_set_input_value(edgert_session* handle, int32_t index, const edgert_value* value) {
  Session* session = get(handle, "set_input_value");
  if (!session) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->input_count())) return bad_argument("set_input_value", "no such input");
  return report(session->set_input_value(static_cast<size_t>(index), value));
}

}  // extern "C"
