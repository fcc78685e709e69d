// A segment prepared for known symbols: sizes, memory, and a flat list of prepared calls.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/bands.h"
#include "core/context.h"
#include "core/planner.h"
#include "core/program.h"
#include "core/status.h"

namespace edgert {

// One tensor's memory on one device.
struct Storage {
  enum class Kind : uint8_t {
    kFixed,    // a constant
    kInput,    // what the frame's input is bound to
    kArena,    // `offset` bytes into the arena of its device
    kBlock,    // a block of the frame: it outlives the segment
    kUnknown,  // where its producer puts it: a block of a control operator, or memory that a kernel gives
  };
  Kind kind = Kind::kArena;
  uint8_t device = 0;
  bool defined_here = false;
  bool is_scratch = false;
  int32_t value = -1;  // the root whose storage this is
  uint64_t bytes = 0;
  uint64_t offset = 0;
  Memory memory;
  Lifetime life;
};

// An axis whose size the step's kernel finds.
struct CountAxis {
  int32_t value = 0, axis = 0, symbol = 0;
};

struct Step {
  enum class Kind : uint8_t { kKernel, kTransfer, kControl };
  Kind kind = Kind::kKernel;
  uint8_t device = 0;
  int32_t node = -1;  // of a transfer, the one that needs it
  // Storages: the operands start at SegmentPlan::operands[first], results follow; scratch is the last one. A
  // transfer has one of each.
  int32_t first = 0, input_count = 0, output_count = 0;
  int32_t first_count = 0, count_count = 0;
  std::unique_ptr<Planned> planned;
};

struct SegmentPlan {
  std::vector<int64_t> key;  // values of Segment::key
  std::vector<int64_t> dims;
  std::vector<std::pair<int32_t, int32_t>> defined;  // (value, offset into dims) of what the segment defines
  std::vector<std::pair<int32_t, int32_t>> used;     // the same of what earlier segments made
  std::vector<Storage> storages;
  std::vector<Step> steps;
  std::vector<Band> bands;        // of steps that run together, in order
  std::vector<int32_t> operands;  // storages; -1: absent
  std::vector<Memory> memory;     // of operands, resolved
  std::vector<CountAxis> counts;
  std::vector<std::unique_ptr<edgert_node>> nodes;  // those whose attributes were evaluated
  std::array<uint64_t, kMaxDevices> arena_bytes{};
  std::array<uint64_t, kMaxDevices> arena_bounds{};  // the most that lives at one step
  uint64_t resolved = 0;                             // the frame's generation that `memory` is of
};

// Checks the segment's guards and sizes under the context's symbols and prepares its nodes.
Status build_plan(Context& context, int32_t graph, int32_t segment, std::unique_ptr<SegmentPlan>& out);

// `status` with the node before its text.
Status node_error(const Node& node, const Status& status);

}  // namespace edgert
