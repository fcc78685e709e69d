#include "ops/pool.h"

namespace edgert {
namespace {

constexpr int64_t kLargest = int64_t{1} << 40;

Status read_pool_kind(const NodeArgs& args, PoolKind& out) {
  const std::string_view kind = args.node.string("kind");
  if (kind == "max") out = PoolKind::kMax;
  else if (kind == "average") out = PoolKind::kAverage;
  else if (kind == "lp") out = PoolKind::kLp;
  else return invalid("attribute kind is '%.*s', expected max, average or lp", int(kind.size()), kind.data());
  return {};
}

// The last window starts inside the input or the padding before it; a whole one lies inside the padded
// input, but where `ceil` is set it may reach over the end.
Status check_output(const PoolParams& pool, int32_t i, bool ceil) {
  const int64_t extent = (pool.kernel[i] - 1) * pool.dilations[i] + 1;
  const int64_t padded = pool.input[i] + pool.begin[i] + pool.end[i];
  const int64_t room = padded - extent;
  int64_t expected = room < 0 ? 0 : room / pool.strides[i] + 1;
  if (ceil && pool.strides[i] > 1) {
    const int64_t most =
        room < 0 ? (room > -pool.strides[i] ? 1 : 0) : (room + pool.strides[i] - 1) / pool.strides[i] + 1;
    expected =
        most > 0 && (most - 1) * pool.strides[i] < pool.input[i] + pool.begin[i] ? most : most - (most > 0);
  }
  if (pool.output[i] == expected) return {};
  return invalid("spatial axis %d of the result has size %lld, expected %lld", i,
                 static_cast<long long>(pool.output[i]), static_cast<long long>(expected));
}

}  // namespace

Status parse_pool(const NodeArgs& args, PoolParams& pool) {
  EDGERT_TRY(expect_operands(args, 1, 1, 1));
  const edgert_operand &x = args.inputs[0], &y = args.outputs[0];
  EDGERT_TRY(expect_plain(args, x, "x"));
  if (x.rank < 3) return invalid("x has rank %d, expected at least 3", x.rank);
  EDGERT_TRY(expect_rank(args, y, "the result", x.rank));
  EDGERT_TRY(expect_dtype(args, y, "the result", x.dtype));
  EDGERT_TRY(read_pool_kind(args, pool.kind));
  pool.dtype = x.dtype;
  pool.spatial = x.rank - 2;
  const size_t n = static_cast<size_t>(pool.spatial);
  std::span<const int64_t> kernel, strides, dilations, pads;
  EDGERT_TRY(read_ints(args, "kernel", n, 1, int64_t{1} << 20, kernel));
  EDGERT_TRY(read_ints(args, "strides", n, 1, int64_t{1} << 20, strides));
  EDGERT_TRY(read_ints(args, "dilations", n, 1, int64_t{1} << 20, dilations));
  EDGERT_TRY(read_ints(args, "pads", 2 * n, 0, kLargest, pads));
  int64_t ceil, include;
  EDGERT_TRY(read_int(args, "ceil_mode", 0, 1, ceil));
  EDGERT_TRY(read_int(args, "count_include_pad", 0, 1, include));
  EDGERT_TRY(read_int(args, "p", 1, INT32_MAX, pool.p));
  pool.include_pad = include;
  pool.batch = x.dims[0];
  pool.channels = x.dims[n + 1];
  if (y.dims[0] != pool.batch || y.dims[n + 1] != pool.channels)
    return invalid("batch or channels of x and the result differ");
  for (int32_t i = 0; i < pool.spatial; i++) {
    if (x.dims[i + 1] > kLargest) return invalid("spatial axis %d is too large", i);
    pool.input[i] = x.dims[i + 1];
    pool.output[i] = y.dims[i + 1];
    pool.kernel[i] = kernel[i];
    pool.strides[i] = strides[i];
    pool.dilations[i] = dilations[i];
    pool.begin[i] = pads[i];
    pool.end[i] = pads[i + pool.spatial];
    EDGERT_TRY(check_output(pool, i, ceil));
  }
  pool.indices = args.has_output(1);
  if (!pool.indices) return {};
  if (pool.kind != PoolKind::kMax) return invalid("indices exist for max pooling only");
  EDGERT_TRY(expect_dtype(args, args.outputs[1], "the indices", EDGERT_I64));
  return expect_shape(args, args.outputs[1], "the indices", shape_of(y));
}

}  // namespace edgert
