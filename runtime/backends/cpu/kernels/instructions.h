// The instructions of scalar programs for every compute type, in portable code. Those of f32 that matter
// for speed are in micro/map.cc.
#pragma once

#include "backends/cpu/micro/map.h"

namespace edgert::cpu {

// Number of register arguments of an instruction.
constexpr int argument_count(int code) {
  return code == kConst ? 0 : code < kAdd ? 1 : code < kSelect ? 2 : 3;
}

// The function of instruction `code` on arguments of type `argument` giving `result` (dtype codes); for a
// select, `argument` is the type of the values chosen from. nullptr: there is none.
TileFunction instruction(int code, int32_t argument, int32_t result);

}  // namespace edgert::cpu
