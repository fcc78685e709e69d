// Which steps of a segment to run depth-first.
#pragma once

#include <functional>
#include <vector>

#include "core/bands.h"
#include "core/plan.h"

namespace edgert {

struct BandGoal {
  uint64_t room = 0;        // bytes that a band's buffers and weights may take
  uint64_t spill = 0;       // results of more bytes do not stay in the cache
  bool for_memory = false;  // any saving of memory counts; else only what saves time
  int32_t threads = 1;
};

// The sizes of the value that operand `operand` of step `step` is there.
using OperandShape = std::function<std::span<const int64_t>(const Step& step, int32_t operand)>;

// Bands that do not overlap, in order, with their buffers' capacities. Results inside are read by no step
// outside.
std::vector<Band> find_bands(const SegmentPlan& plan, const OperandShape& shape, const BandGoal& goal);

}  // namespace edgert
