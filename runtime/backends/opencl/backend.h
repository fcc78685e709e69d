// The core's Backend on an OpenCL device.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/opencl/context.h"
#include "backends/opencl/launch.h"
#include "core/backend.h"

namespace edgert::cl {

// Buffers over constants, shared by a session and its clones, which may run at once. Those too large for one
// buffer are a buffer per `step` bytes, each overlapping the next, so that a constant of up to `step` bytes
// lies whole in one.
class Adopted {
 public:
  explicit Adopted(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  ~Adopted();
  Adopted(const Adopted&) = delete;
  Adopted& operator=(const Adopted&) = delete;

  Status add(const void* data, uint64_t bytes, Memory& memory);
  // Whether some memory is split, so that places in it must be found with `located`.
  bool is_split() const { return split_; }
  Memory located(Memory memory) const;

 private:
  struct Region {
    std::vector<MemoryId> parts;
    uint64_t step;
  };
  std::shared_ptr<Context> context_;
  mutable std::mutex mutex_;
  std::map<const void*, Memory> known_;  // by the data adopted
  std::map<void*, Region> regions_;      // by the handle given out
  std::atomic<bool> split_{false};
};

class OpenclBackend final : public Backend {
 public:
  // Takes the queue, which belongs to `context`; with `given` it is the caller's, and clones use it too.
  OpenclBackend(std::shared_ptr<Context> context, QueueId queue, bool given,
                std::shared_ptr<Adopted> adopted = nullptr);
  ~OpenclBackend() override;

  std::string_view name() const override { return "opencl"; }
  Status clone(std::unique_ptr<Backend>& out) override;
  bool supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                std::span<const edgert_operand> outputs, std::string& why) const override;
  Status plan(const edgert_node& node, std::span<const edgert_operand> inputs,
              std::span<const edgert_operand> outputs, const PlanWish& wish,
              std::unique_ptr<Planned>& planned) override;
  Status run(const Planned& planned, std::span<const Memory> inputs, std::span<const Memory> outputs,
             Memory scratch, const Found& found) override;
  Status allocate(uint64_t bytes, Memory& memory) override;
  void release(Memory memory) override;
  Status adopt(const void* data, uint64_t bytes, Memory& memory) override;
  Status upload(Memory to, const void* from, uint64_t bytes) override;
  Status download(void* to, Memory from, uint64_t bytes) override;
  Status copy(Memory to, Memory from, uint64_t bytes) override;
  Status finish() override;
  bool is_host() const override { return false; }

 private:
  int32_t node_number(const std::string& name);
  Status make_flag();
  Status check_flag();

  std::shared_ptr<Context> context_;
  QueueId queue_;
  bool given_;
  std::shared_ptr<Adopted> adopted_;
  MemoryId flag_ = nullptr;    // 0, or the number of the first node that refused a tensor's values
  bool flag_pending_ = false;  // a node that may set it has run since it was read
  std::vector<std::string> nodes_;
};

}  // namespace edgert::cl
