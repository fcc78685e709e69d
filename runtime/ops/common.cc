#include "ops/common.h"

#include <algorithm>

#include <cstdarg>
#include <cstdio>
#include <string>

namespace edgert {
namespace {

Status formatted(edgert_status code, const char* format, va_list arguments) {
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  return {code, text};
}

}  // namespace

Status invalid(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status = formatted(EDGERT_ERROR_FORMAT, format, arguments);
  va_end(arguments);
  return status;
}

Status unsupported(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  Status status = formatted(EDGERT_ERROR_UNSUPPORTED, format, arguments);
  va_end(arguments);
  return status;
}

Status expect_operands(const NodeArgs& args, size_t least, size_t most, size_t results) {
  if (args.inputs.size() > most)
    return invalid("%zu operands, at most %zu expected", args.inputs.size(), most);
  for (size_t i = 0; i < least; i++)
    if (!args.has_input(i)) return invalid("operand %zu is missing", i);
  for (size_t i = 0; i < results; i++)
    if (!args.has_output(i)) return invalid("result %zu is missing", i);
  for (auto operands : {args.inputs, args.outputs}) {
    for (const auto& operand : operands) {
      if (operand.dtype == 0) continue;
      int64_t elements, bytes;
      if (operand.rank < 0 || operand.rank > EDGERT_MAX_RANK)
        return invalid("rank %d, expected at most %d", operand.rank, EDGERT_MAX_RANK);
      if (!product(shape_of(operand), elements) || !multiply(elements, 16, bytes))
        return invalid("size %s is too large", shape_text(shape_of(operand)).c_str());
    }
  }
  return {};
}

Status expect_dtype(const NodeArgs&, const edgert_operand& operand, const char* what, int32_t dtype) {
  if (operand.dtype == dtype) return {};
  return invalid("%s is %s, expected %s", what, dtype_name(operand.dtype), dtype_name(dtype));
}

Status expect_rank(const NodeArgs&, const edgert_operand& operand, const char* what, int32_t rank) {
  if (operand.rank == rank) return {};
  return invalid("%s has rank %d, expected %d", what, operand.rank, rank);
}

Status expect_shape(const NodeArgs&, const edgert_operand& operand, const char* what,
                    std::span<const int64_t> dims) {
  auto shape = shape_of(operand);
  bool same = shape.size() == dims.size();
  for (size_t i = 0; same && i < dims.size(); i++) same = shape[i] == dims[i];
  if (same) return {};
  return invalid("%s is %s, expected %s", what, shape_text(shape).c_str(), shape_text(dims).c_str());
}

Status expect_plain(const NodeArgs&, const edgert_operand& operand, const char* what) {
  if (!operand.form || has_form(operand, "plain")) return {};
  return invalid("%s is stored as %s, expected plain", what, operand.form);
}

Status expect_form(const NodeArgs&, const edgert_operand& operand, std::span<const int64_t> params,
                   int64_t elements) {
  std::span<const int64_t> given(operand.form_params, operand.form_param_count);
  bool same = given.size() >= params.size();
  for (size_t i = 0; same && i < params.size(); i++) same = given[i] == params[i];
  if (!same)
    return invalid("form %s has parameters %s, expected %s", operand.form, shape_text(given).c_str(),
                   shape_text(params).c_str());
  int64_t bytes;
  if (elements < 0 || !multiply(elements, static_cast<int64_t>(item_size(operand.dtype)), bytes) ||
      static_cast<uint64_t>(bytes) > operand.data_bytes)
    return invalid("form %s holds %llu bytes, expected %lld elements of %s", operand.form,
                   static_cast<unsigned long long>(operand.data_bytes), static_cast<long long>(elements),
                   dtype_name(operand.dtype));
  return {};
}

const int8_t* find_dot_form(const edgert_operand& operand, int64_t taps, int64_t k, int64_t n) {
  const int64_t params[] = {taps, k, n, 16};
  int64_t groups, bytes;
  if (operand.dtype != EDGERT_I8 || !multiply(taps, k / 4 + (k % 4 != 0), groups) ||
      !add(groups, 1, groups) || !multiply(groups, 64, bytes) ||
      !multiply(bytes, n / 16 + (n % 16 != 0), bytes))
    return nullptr;
  for (uint64_t i = 0; i < operand.form_count; i++) {
    const edgert_form& form = operand.forms[i];
    if (std::string_view(form.kind) == "dot" && form.bytes == static_cast<uint64_t>(bytes) &&
        std::ranges::equal(std::span(form.params, form.param_count), params))
      return static_cast<const int8_t*>(form.data);
  }
  return nullptr;
}

Status read_ints(const NodeArgs& args, std::string_view name, size_t count, int64_t least, int64_t most,
                 std::span<const int64_t>& out) {
  const int length = static_cast<int>(name.size());
  if (!args.node.find(name)) return invalid("attribute %.*s is missing", length, name.data());
  out = args.node.ints(name);
  if (out.size() != count)
    return invalid("attribute %.*s has %zu entries, expected %zu", length, name.data(), out.size(), count);
  for (int64_t v : out)
    if (v < least || v > most)
      return invalid("attribute %.*s is %lld, expected %lld to %lld", length, name.data(),
                     static_cast<long long>(v), static_cast<long long>(least), static_cast<long long>(most));
  return {};
}

Status read_int(const NodeArgs& args, std::string_view name, int64_t least, int64_t most, int64_t& out) {
  std::span<const int64_t> found;
  EDGERT_TRY(read_ints(args, name, 1, least, most, found));
  out = found[0];
  return {};
}

Status read_axis(const NodeArgs& args, std::string_view name, int32_t rank, int64_t& out) {
  return read_int(args, name, 0, static_cast<int64_t>(rank) - 1, out);
}

Status broadcast_strides(const NodeArgs&, const edgert_operand& operand, const char* what,
                         std::span<const int64_t> dims, int64_t* strides) {
  auto shape = shape_of(operand);
  bool fits = shape.size() <= dims.size();
  int64_t stride = 1;
  for (size_t back = 1; fits && back <= dims.size(); back++) {
    size_t axis = dims.size() - back;
    if (back > shape.size()) {
      strides[axis] = 0;
      continue;
    }
    int64_t d = shape[shape.size() - back];
    fits = d == 1 || d == dims[axis];
    strides[axis] = d == 1 ? 0 : stride;
    stride *= d;
  }
  if (fits) return {};
  return invalid("%s is %s, which does not broadcast to %s", what, shape_text(shape).c_str(),
                 shape_text(dims).c_str());
}

}  // namespace edgert
