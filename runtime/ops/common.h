// What the parsing of every operator shares. Nothing from a file is trusted until checked here: kernels
// rely on what a parse function has put into its plain params struct and on nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/node.h"
#include "core/status.h"
#include "core/types.h"
#include "edgert.h"

namespace edgert {

// A node about to be planned: its attributes and operands with known shapes.
struct NodeArgs {
  const edgert_node& node;
  std::span<const edgert_operand> inputs;
  std::span<const edgert_operand> outputs;

  // Whether operand i is given; kernels read absent trailing and absent middle operands alike.
  bool has_input(size_t i) const { return i < inputs.size() && inputs[i].dtype != 0; }
  bool has_output(size_t i) const { return i < outputs.size() && outputs[i].dtype != 0; }
};

// EDGERT_ERROR_FORMAT and EDGERT_ERROR_UNSUPPORTED; the core puts the node before the text.
[[gnu::format(printf, 1, 2)]] Status invalid(const char* format, ...);
[[gnu::format(printf, 1, 2)]] Status unsupported(const char* format, ...);

inline std::span<const int64_t> shape_of(const edgert_operand& operand) {
  return {operand.dims, static_cast<size_t>(operand.rank)};
}
// The product of dims that `product` accepted.
inline int64_t size_of(std::span<const int64_t> dims) {
  int64_t size = 1;
  for (int64_t d : dims) size *= d;
  return size;
}

// Between `least` and `most` operands, the first `least` present, and exactly `results` results present
// (the first of them; more may be declared absent). Ranks, element counts and byte counts are sane.
Status expect_operands(const NodeArgs& args, size_t least, size_t most, size_t results);
Status expect_dtype(const NodeArgs& args, const edgert_operand& operand, const char* what, int32_t dtype);
Status expect_rank(const NodeArgs& args, const edgert_operand& operand, const char* what, int32_t rank);
Status expect_shape(const NodeArgs& args, const edgert_operand& operand, const char* what,
                    std::span<const int64_t> dims);
// A constant stored other than row-major is refused; not constant is fine.
Status expect_plain(const NodeArgs& args, const edgert_operand& operand, const char* what);
// Whether the operand is a constant in stored form `kind`.
inline bool has_form(const edgert_operand& operand, std::string_view kind) {
  return operand.form && kind == operand.form;
}
// The form's parameters are `params` and it holds `elements` elements of the operand's type at least.
Status expect_form(const NodeArgs& args, const edgert_operand& operand, std::span<const int64_t> params,
                   int64_t elements);

// Where a constant of i8 is stored in form `dot` of these sizes too; null: nowhere.
const int8_t* find_dot_form(const edgert_operand& operand, int64_t taps, int64_t k, int64_t n);

// An Ints attribute of exactly `count` entries, each within [least, most].
Status read_ints(const NodeArgs& args, std::string_view name, size_t count, int64_t least, int64_t most,
                 std::span<const int64_t>& out);
// An Int or Bool attribute within [least, most]; it must be there.
Status read_int(const NodeArgs& args, std::string_view name, int64_t least, int64_t most, int64_t& out);
// An axis attribute: within [0, rank).
Status read_axis(const NodeArgs& args, std::string_view name, int32_t rank, int64_t& out);

// Element strides of a dense operand broadcast (NumPy rules) to `dims`: strides[dims.size()], 0 where its
// size is 1. Error where it does not broadcast to dims.
Status broadcast_strides(const NodeArgs& args, const edgert_operand& operand, const char* what,
                         std::span<const int64_t> dims, int64_t* strides);

}  // namespace edgert
