// The instructions of scalar programs for every compute type, in portable code. Those of f32 that matter
// for speed are in micro/map.cc.
#pragma once

#include "backends/cpu/micro/map.h"

namespace edgert::cpu {

// The function of instruction `code` on arguments of type `argument` giving `result` (dtype codes); for a
// select, `argument` is the type of the values chosen from. nullptr: there is none.
TileFunction instruction(int code, int32_t argument, int32_t result);

}  // namespace edgert::cpu
