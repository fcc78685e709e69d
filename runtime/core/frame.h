// A graph being run: what its inputs are bound to, its memory, its plans. The bodies of control
// operators are frames of their own below the frame of the node that runs them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/context.h"
#include "core/plan.h"

namespace edgert {

// What a node has taken since profiling was switched on; a control operator's time holds its bodies'.
struct NodeTime {
  uint64_t calls = 0, nanoseconds = 0, least = UINT64_MAX;

  void add(uint64_t taken) {
    calls++;
    nanoseconds += taken;
    least = taken < least ? taken : least;
  }
};

// Nanoseconds on a clock that never goes back.
uint64_t clock_now();

class Frame {
 public:
  Frame(Context& context, int32_t graph);
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // What the next runs read; the memory must stay. A device other than the host needs the session's device.
  void set_input(int32_t input, Memory memory, std::span<const int64_t> dims, int device = kHost);
  // Where the next runs put an output that the host holds; null: in the frame's own memory. Checked at run.
  void set_output(int32_t output, void* data, std::span<const int64_t> dims);
  // Where the next run may put an output that fits; `locate` says whether it did.
  void offer_output(int32_t output, Memory memory, uint64_t bytes);

  Status run();

  const Graph& graph() const { return graph_; }
  // Of any value, as the last run left it.
  std::span<const int64_t> dims(int32_t value) const;
  uint64_t bytes(int32_t value) const;
  // Where a value is after a run; a null handle where its memory was used again.
  Memory locate(int32_t value, int& device);
  // Copies a value to the host.
  Status read(int32_t value, void* to, uint64_t bytes);
  // Forgets plans and values that were only kept for looking at, as keep_values changes.
  void clear_plans();
  void clear_times();
  NodeTime time_of(size_t node) const { return node < times_.size() ? times_[node] : NodeTime{}; }
  // The frame of a body that has run; null for one that has not.
  const Frame* body(const Node& node, size_t which) const {
    return bodies_[static_cast<size_t>(node.first_body) + which].get();
  }
  // Bytes this frame and its bodies hold for values.
  uint64_t arena_bytes() const;
  // How the segment ran last; null where it has not.
  const SegmentPlan* plan(size_t segment) const {
    return plans_[segment].empty() ? nullptr : plans_[segment].front().get();
  }
  // How the node ran last; null where it has not, or is a control operator.
  const Planned* planned(size_t segment, int32_t node) const;
  // The same if no arena were larger than what lives in it at one step.
  uint64_t arena_bound_bytes() const;

 private:
  struct Input {
    Memory memory;
    std::vector<int64_t> dims;
    int device = kHost;
    bool given = false;
  };
  struct Output {
    void* data = nullptr;
    std::vector<int64_t> dims;
    uint64_t bytes = 0;
    bool offered = false;  // of any size up to `bytes`
  };
  using Plans = std::vector<std::unique_ptr<SegmentPlan>>;  // the latest used first

  Status read_bindings(const Segment& segment, int32_t index);
  Status read_element(const Binding& binding);
  Status check_inputs(const SegmentPlan& plan) const;
  Status check_used(const SegmentPlan& plan) const;
  Status activate(int32_t index);
  Status finish_outputs();

  // ---- memory ----
  Status resolve(SegmentPlan& plan);
  Status resolve_storage(Storage& storage);
  void resolve_operands(SegmentPlan& plan, const Step& step);
  Output* direct_output(const Storage& storage);
  bool overlaps_input(const void* data, uint64_t size) const;
  Status begin_step(SegmentPlan& plan, int32_t step);
  void end_step(SegmentPlan& plan, int32_t step);

  // ---- running ----
  Status execute(SegmentPlan& plan);
  Status run_step(SegmentPlan& plan, const Step& step);
  Status time_step(SegmentPlan& plan, const Step& step);
  Status run_kernel(SegmentPlan& plan, const Step& step);
  Status run_band(SegmentPlan& plan, Band& band);
  void add_band_times(const SegmentPlan& plan, const Band& band);
  Status run_transfer(SegmentPlan& plan, const Step& step);
  Status set_counts(const SegmentPlan& plan, const Step& step, const int64_t* counts);
  Status take_given(const SegmentPlan& plan, const Step& step, size_t output, void* given);

  // ---- control operators (control.cc) ----
  Status run_control(SegmentPlan& plan, const Step& step);
  Status run_if(SegmentPlan& plan, const Step& step, const Node& node);
  Status run_loop(SegmentPlan& plan, const Step& step, const Node& node);
  Frame& body_frame(const Node& node, size_t which);
  // Prepares the memory of a control operator's result: sets its unknown dims' symbols to those of `dims`.
  Status take_result(int32_t value, std::span<const int64_t> dims, void*& to);
  std::span<const int64_t> operand_dims(const Node& node, size_t operand) const;

  Context& context_;
  int32_t graph_index_;
  const Graph& graph_;
  std::vector<int64_t> dims_;  // of all values, at Value::dims_offset
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<Block> blocks_;    // by root value
  std::vector<Memory> current_;  // by root value: where a value that outlives its segment is
  std::array<Block, kMaxDevices> arenas_;
  std::array<uint64_t, kMaxDevices> arena_bounds_{};  // of all plans so far
  std::vector<Plans> plans_;                          // by segment
  std::vector<std::unique_ptr<Frame>> bodies_;
  std::vector<NodeTime> times_;  // by node; empty without profiling
  uint64_t generation_ = 1;      // raised whenever an address changes
};

}  // namespace edgert
