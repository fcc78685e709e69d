// Where tensors with known lifetimes go inside one block of memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace edgert {

inline constexpr uint64_t kAlignment = 64;
inline uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Something that needs `bytes` bytes from step `first` to step `last`, both included.
struct Lifetime {
  int32_t first = 0, last = 0;
  uint64_t bytes = 0;
};

// 64-byte aligned offsets at which no two overlap in time and space.
struct Places {
  std::vector<uint64_t> offsets;
  uint64_t bytes = 0;  // of the block
  uint64_t bound = 0;  // the most that lives at one step: no block is smaller
};

// One after the other, each into the tightest gap that holds it among those already placed; of several
// orders, the best, in which then what lies highest is placed before all others, some times over. False where
// the sum of sizes overflows.
bool place(std::span<const Lifetime> lifetimes, Places& out);

}  // namespace edgert
