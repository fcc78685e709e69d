#include "ops/select.h"

#include "ops/reduce.h"

namespace edgert {
namespace {

// The operands are there and row-major. Results whose sizes are found later are left to `expect_room`.
Status expect_sources(const NodeArgs& args, size_t count) {
  EDGERT_TRY(expect_operands({args.node, args.inputs, {}}, count, count, 0));
  for (const edgert_operand& operand : args.inputs) EDGERT_TRY(expect_plain(args, operand, "an operand"));
  return {};
}

// Result `index` is of `dtype`, has the given dims (-1: found by the kernel, at most `most`) and room for it.
Status expect_room(const NodeArgs& args, size_t index, int32_t dtype, std::span<const int64_t> dims,
                   int64_t most) {
  const edgert_operand& out = args.outputs[index];
  EDGERT_TRY(expect_dtype(args, out, "a result", dtype));
  EDGERT_TRY(expect_rank(args, out, "a result", static_cast<int32_t>(dims.size())));
  int64_t bytes = static_cast<int64_t>(item_size(dtype));
  for (size_t i = 0; i < dims.size(); i++) {
    if (out.dims[i] != dims[i])
      return invalid("axis %zu of result %zu is %lld, expected %lld", i, index,
                     static_cast<long long>(out.dims[i]), static_cast<long long>(dims[i]));
    if (!multiply(bytes, dims[i] < 0 ? most : dims[i], bytes))
      return invalid("result %zu is too large", index);
  }
  if (static_cast<uint64_t>(bytes) > out.data_bytes)
    return invalid("result %zu has room for %llu bytes, may need %lld", index,
                   static_cast<unsigned long long>(out.data_bytes), static_cast<long long>(bytes));
  return {};
}

// x around the Ints attribute `axis`; without it x is flat. `dims` is x's shape with -1 for the axis.
Status split_optional_axis(const NodeArgs& args, int64_t& outer, int64_t& n, int64_t& inner, int64_t* dims,
                           size_t& rank) {
  const edgert_operand& x = args.inputs[0];
  if (args.node.ints("axis").empty()) {
    outer = inner = 1;
    n = size_of(shape_of(x));
    dims[0] = -1;
    rank = 1;
    return {};
  }
  int64_t axis;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  split_around(x, axis, outer, n, inner);
  rank = static_cast<size_t>(x.rank);
  for (size_t i = 0; i < rank; i++) dims[i] = static_cast<int64_t>(i) == axis ? -1 : x.dims[i];
  return {};
}

}  // namespace

Status parse_topk(const NodeArgs& args, TopkParams& topk) {
  EDGERT_TRY(expect_operands(args, 1, 1, 0));
  const edgert_operand& x = args.inputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  int64_t axis, largest;
  EDGERT_TRY(read_axis(args, "axis", x.rank, axis));
  EDGERT_TRY(read_int(args, "largest", 0, 1, largest));
  split_around(x, axis, topk.outer, topk.n, topk.inner);
  EDGERT_TRY(read_int(args, "k", 0, topk.n, topk.k));
  topk.dtype = x.dtype;
  topk.largest = largest;
  int64_t dims[EDGERT_MAX_RANK];
  for (int32_t i = 0; i < x.rank; i++) dims[i] = i == axis ? topk.k : x.dims[i];
  const std::span<const int64_t> shape(dims, static_cast<size_t>(x.rank));
  topk.has_values = args.has_output(0);
  topk.has_indices = args.has_output(1);
  if (topk.has_values) {
    EDGERT_TRY(expect_dtype(args, args.outputs[0], "the values", x.dtype));
    EDGERT_TRY(expect_shape(args, args.outputs[0], "the values", shape));
  }
  if (!topk.has_indices) return {};
  EDGERT_TRY(expect_dtype(args, args.outputs[1], "the indices", EDGERT_I64));
  return expect_shape(args, args.outputs[1], "the indices", shape);
}

Status parse_nonzero(const NodeArgs& args, NonzeroParams& nonzero) {
  EDGERT_TRY(expect_sources(args, 1));
  const edgert_operand& x = args.inputs[0];
  if (!args.has_output(0)) return invalid("result 0 is missing");
  nonzero.dtype = x.dtype;
  nonzero.rank = x.rank;
  nonzero.elements = size_of(shape_of(x));
  for (int32_t i = 0; i < x.rank; i++) nonzero.dims[i] = x.dims[i];
  const int64_t dims[] = {x.rank, -1};
  return expect_room(args, 0, EDGERT_I64, dims, nonzero.elements);
}

Status parse_compress(const NodeArgs& args, CompressParams& compress) {
  EDGERT_TRY(expect_sources(args, 2));
  const edgert_operand &x = args.inputs[0], &condition = args.inputs[1];
  if (!args.has_output(0)) return invalid("result 0 is missing");
  EDGERT_TRY(expect_dtype(args, condition, "the condition", EDGERT_BOOL));
  EDGERT_TRY(expect_rank(args, condition, "the condition", 1));
  if (item_size(x.dtype) == 0) return unsupported("elements of type %s", dtype_name(x.dtype));
  int64_t dims[EDGERT_MAX_RANK];
  size_t rank;
  EDGERT_TRY(split_optional_axis(args, compress.outer, compress.n, compress.inner, dims, rank));
  compress.item = static_cast<int32_t>(item_size(x.dtype));
  compress.conditions = condition.dims[0];
  return expect_room(args, 0, x.dtype, {dims, rank},
                     compress.n < condition.dims[0] ? compress.n : condition.dims[0]);
}

Status parse_unique(const NodeArgs& args, UniqueParams& unique) {
  EDGERT_TRY(expect_sources(args, 1));
  const edgert_operand& x = args.inputs[0];
  int64_t dims[EDGERT_MAX_RANK], sorted;
  size_t rank;
  EDGERT_TRY(split_optional_axis(args, unique.outer, unique.n, unique.inner, dims, rank));
  EDGERT_TRY(read_int(args, "sorted", 0, 1, sorted));
  unique.dtype = x.dtype;
  unique.sorted = sorted;
  const int64_t found = -1;
  for (size_t i = 0; i < 4; i++) {
    unique.has[i] = args.has_output(i);
    if (!unique.has[i]) continue;
    if (i == 0) EDGERT_TRY(expect_room(args, i, x.dtype, {dims, rank}, unique.n));
    else EDGERT_TRY(expect_room(args, i, EDGERT_I64, {i == 2 ? &unique.n : &found, 1}, unique.n));
    unique.counts_written += i != 2;
  }
  return {};
}

}  // namespace edgert
