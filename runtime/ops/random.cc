#include "ops/random.h"

namespace edgert {

Status parse_random(const NodeArgs& args, RandomParams& random) {
  EDGERT_TRY(expect_operands(args, 0, 0, 1));
  const edgert_operand& out = args.outputs[0];
  EDGERT_TRY(expect_dtype(args, out, "the result", EDGERT_F64));
  EDGERT_TRY(expect_shape(args, out, "the result", args.node.ints("shape")));
  const std::string_view kind = args.node.string("kind");
  if (kind != "uniform" && kind != "normal") return invalid("kind is neither uniform nor normal");
  random.normal = kind == "normal";
  random.count = size_of(shape_of(out));
  random.seeded = !args.node.ints("seed").empty();
  if (!random.seeded) return {};
  int64_t seed;
  EDGERT_TRY(read_int(args, "seed", 0, UINT32_MAX, seed));
  random.seed = static_cast<uint32_t>(seed);
  return {};
}

}  // namespace edgert
