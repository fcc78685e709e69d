// What is assumed of threads and caches where work is cut, shared and joined to bands.
#pragma once

#include <cstdint>

namespace edgert {

// In nanoseconds: the least work that threads share, what it costs them to come together, and the same behind
// a step that they shared.
constexpr int64_t kShared = 12000;
constexpr double kFork = 2000, kJoin = 700;

// The same of a byte: of weights, and one that another thread made.
constexpr double kWeightByte = 0.05, kMovedByte = 0.125;

}  // namespace edgert
