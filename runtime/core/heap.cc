#include "core/heap.h"

#include <algorithm>

#include "core/context.h"

namespace edgert {
namespace {

constexpr uint64_t kUnit = 64;
constexpr uint64_t kLeastChunk = uint64_t{16} << 10;
constexpr uint64_t kMostChunk = uint64_t{4} << 20;  // what is larger has a chunk of its own

}  // namespace

bool Heap::add_chunk(uint64_t bytes) {
  Chunk chunk;
  chunk.bytes = bytes;
  if (!context_.allocate(kHost, bytes, chunk.memory, "heap").ok()) return false;
  chunks_.push_back(chunk);
  bytes_ += bytes;
  used_ = 0;
  return true;
}

void* Heap::allocate(uint64_t bytes) {
  if (bytes > UINT64_MAX - kUnit) return nullptr;
  const uint64_t wanted = std::max(kUnit, (bytes + kUnit - 1) / kUnit * kUnit);
  std::lock_guard<std::mutex> lock(mutex_);
  // Separate allocations have exactly the size that was asked for, so that overruns are seen.
  if (context_.separate)
    return add_chunk(std::max<uint64_t>(bytes, 1)) ? chunks_.back().memory.handle : nullptr;
  if (chunks_.empty() || chunks_.back().bytes - used_ < wanted) {
    const uint64_t usual = std::clamp(bytes_, kLeastChunk, kMostChunk);
    if (!add_chunk(std::max(wanted, usual)) && !add_chunk(wanted)) return nullptr;
  }
  auto* memory = static_cast<uint8_t*>(chunks_.back().memory.handle) + used_;
  used_ += wanted;
  return memory;
}

void Heap::clear() {
  for (Chunk& chunk : chunks_) context_.release(kHost, chunk.memory, chunk.bytes);
  chunks_.clear();
  used_ = bytes_ = 0;
}

}  // namespace edgert
