#include "ops/map.h"

namespace edgert {

Status parse_map(const NodeArgs& args, Pointwise& out) {
  EDGERT_TRY(expect_operands(args, 1, kMaxProgramOperands, 1));
  EDGERT_TRY(parse_pointwise(args, "program", 0, 0, out));
  collapse(out);
  return {};
}

}  // namespace edgert
