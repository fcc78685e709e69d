// What all frames of a session share: the model, its devices, and the limits of the running call.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/cache.h"
#include "core/heap.h"
#include "core/placement.h"
#include "core/program.h"
#include "core/status.h"
#include "core/symbols.h"
#include "core/tuning.h"

namespace edgert {

// Device 0 is the host's CPU; device 1, if there, is the one that was asked for.
inline constexpr int kHost = 0;
inline constexpr int kMaxDevices = 2;

// Memory that grows: what it holds is lost when it does.
struct Block {
  Memory memory;
  uint64_t bytes = 0;
  int device = kHost;
};

class Context {
 public:
  Context(std::shared_ptr<const Model> model, std::vector<std::unique_ptr<Backend>> backends)
      : symbols(*model), model_(std::move(model)), backends_(std::move(backends)) {}

  const Model& model() const { return *model_; }
  const std::shared_ptr<const Model>& shared_model() const { return model_; }
  Backend& backend(int device) { return *backends_[static_cast<size_t>(device)]; }
  int device_count() const { return static_cast<int>(backends_.size()); }

  // Within the memory limit. `what` is for the error's text.
  Status allocate(int device, uint64_t bytes, Memory& memory, const char* what);
  void release(int device, Memory memory, uint64_t bytes);
  // Makes the block hold `bytes` (exactly, with `separate`); `moved` becomes true where its address changed.
  Status reserve(Block& block, uint64_t bytes, const char* what, bool& moved);
  void release(Block& block);

  // A constant value's memory on a device, adopted when first asked for.
  Status constant(int device, const Value& value, Memory& memory);

  // One node execution: EDGERT_ERROR_CANCELLED or EDGERT_ERROR_LIMIT when the call has to end.
  bool may_step() { return ++steps <= step_limit && !cancelled.load(std::memory_order_relaxed); }
  Status why_not_step() const;

  // What kernels make during a run; it is cleared when the next one starts.
  Heap& heap() { return heap_; }

  uint64_t allocated() const { return allocated_; }

  // Bytes that bands count on.
  uint64_t cache() const { return tuning && tuning->cache ? *tuning->cache : cache_bytes(); }

  Symbols symbols;
  Placement placement;
  bool separate = false;     // every value in an allocation of its own, freed at the end of its life
  bool profiling = false;    // frames take the time of every step
  bool keep_values = false;  // no value's memory is used again within a run
  int32_t threads = 1;
  uint64_t memory_budget = 0;            // for activations; 0: what is quickest
  std::shared_ptr<const Tuning> tuning;  // null: none
  uint64_t memory_limit = UINT64_MAX;
  uint64_t step_limit = UINT64_MAX;
  uint64_t steps = 0;
  std::atomic<bool> cancelled{false};

 private:
  std::shared_ptr<const Model> model_;  // released after the backends, which refer to its file
  std::vector<std::unique_ptr<Backend>> backends_;
  uint64_t allocated_ = 0;
  std::map<std::pair<const uint8_t*, uint64_t>, Memory> host_constants_;
  bool section_adopted_ = false;
  Memory section_;  // the data section on device 1
  Heap heap_{*this};
};

}  // namespace edgert
