// Memory for what a run makes besides tensors of planned sizes: the bytes of strings, objects, and results
// whose size only the run finds. It only grows, until all of it is given back at once.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "core/backend.h"

namespace edgert {

class Context;

class Heap {
 public:
  explicit Heap(Context& context) : context_(context) {}
  ~Heap() { clear(); }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // 64-byte aligned, not zeroed; null above the context's memory limit. Any thread may call it.
  void* allocate(uint64_t bytes);
  // Everything that was allocated is gone.
  void clear();

 private:
  struct Chunk {
    Memory memory;
    uint64_t bytes = 0;
  };
  bool add_chunk(uint64_t bytes);

  Context& context_;
  std::mutex mutex_;
  std::vector<Chunk> chunks_;
  uint64_t used_ = 0;   // of the last chunk
  uint64_t bytes_ = 0;  // of all chunks
};

}  // namespace edgert
