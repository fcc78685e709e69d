// Where tensors with known lifetimes go inside one block of memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace edgert {

inline constexpr uint64_t kAlignment = 64;

// Something that needs `bytes` bytes from step `first` to step `last`, both included.
struct Lifetime {
  int32_t first = 0, last = 0;
  uint64_t bytes = 0;
};

// 64-byte aligned offsets at which no two overlap in time and space; `total` is the block's size.
// Largest first, each into the tightest gap that holds it among those already placed. False where
// the sum of sizes overflows.
bool place(std::span<const Lifetime> lifetimes, std::vector<uint64_t>& offsets, uint64_t& total);

}  // namespace edgert
