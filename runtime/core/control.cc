// The control operators, run by the core over frames of their bodies. All they read and make is on the host.
#include <algorithm>
#include <cstring>

#include "core/frame.h"
#include "core/types.h"

namespace edgert {
namespace {

// Host memory that is given back at the end of a scope.
class HostBlock {
 public:
  explicit HostBlock(Context& context) : context_(&context) {}
  HostBlock(HostBlock&& other) noexcept : context_(other.context_), block_(other.block_) {
    other.block_ = {};
  }
  ~HostBlock() { context_->release(block_); }
  void swap(HostBlock& other) { std::swap(block_, other.block_); }

  Status reserve(uint64_t bytes) {
    bool moved = false;
    return context_->reserve(block_, bytes, "loop", moved);
  }
  // Keeps the first `used` bytes.
  Status grow(uint64_t used, uint64_t bytes) {
    if (block_.memory.handle && bytes <= block_.bytes) return {};
    HostBlock larger(*context_);
    EDGERT_TRY(larger.reserve(std::max(bytes, 2 * block_.bytes)));
    if (used) std::memcpy(larger.data(), data(), used);
    swap(larger);
    return {};
  }
  uint8_t* data() const { return address(block_.memory); }
  uint64_t bytes() const { return block_.bytes; }
  Memory memory() const { return block_.memory; }

 private:
  Context* context_;
  Block block_;
};

struct Carried {
  explicit Carried(Context& context) : now(context), next(context) {}
  Memory memory;  // the operand at first, then `now`
  std::vector<int64_t> dims;
  HostBlock now, next;

  // Takes what a step gave, which it may have put into `next`.
  Status take(Frame& body, int32_t value) {
    int device;
    const uint64_t bytes = body.bytes(value);
    if (!next.data() || body.locate(value, device).handle != next.data()) {
      EDGERT_TRY(next.reserve(bytes));
      EDGERT_TRY(body.read(value, next.data(), bytes));
    }
    const auto size = body.dims(value);
    dims.assign(size.begin(), size.end());
    return {};
  }
  void advance() {
    now.swap(next);
    memory = now.memory();
  }
};

// Slices stacked on a new first axis.
struct Stack {
  explicit Stack(Context& context) : block(context) {}
  int64_t count = 0;
  std::vector<int64_t> slice;
  uint64_t slice_bytes = 0;
  HostBlock block;

  Status append(Frame& body, int32_t value) {
    const auto dims = body.dims(value);
    if (count == 0) {
      slice.assign(dims.begin(), dims.end());
      slice_bytes = body.bytes(value);
    } else if (!std::ranges::equal(dims, slice)) {
      return error(EDGERT_ERROR_GUARD, "slice %lld is %s, the ones before are %s",
                   static_cast<long long>(count), shape_text(dims).c_str(), shape_text(slice).c_str());
    }
    const uint64_t used = slice_bytes * static_cast<uint64_t>(count);
    EDGERT_TRY(block.grow(used, used + slice_bytes));
    EDGERT_TRY(body.read(value, block.data() + used, slice_bytes));
    count++;
    return {};
  }
  // With no slices, of those that were planned.
  std::vector<int64_t> dims(std::span<const int64_t> planned) const {
    std::vector<int64_t> all = {count};
    all.insert(all.end(), slice.begin(), slice.end());
    for (size_t i = 1; count == 0 && i < planned.size(); i++) all.push_back(std::max<int64_t>(planned[i], 0));
    return all;
  }
};

// What the steps of a loop hand on.
struct LoopValues {
  std::vector<Carried> carried;
  std::vector<Stack> stacks;

  LoopValues(Context& context, size_t carried_count, size_t stack_count) {
    for (size_t i = 0; i < carried_count; i++) carried.emplace_back(context);
    for (size_t i = 0; i < stack_count; i++) stacks.emplace_back(context);
  }

  Status run_step(Frame& body, int64_t iteration, uint8_t& condition) {
    const auto& outputs = body.graph().outputs;
    body.set_input(0, {&iteration, 0}, {});
    body.set_input(1, {&condition, 0}, {});
    for (size_t i = 0; i < carried.size(); i++) {
      body.set_input(static_cast<int32_t>(2 + i), carried[i].memory, carried[i].dims);
      body.offer_output(static_cast<int32_t>(1 + i), carried[i].next.memory(), carried[i].next.bytes());
    }
    EDGERT_TRY(body.run());
    for (size_t i = 0; i < carried.size(); i++) EDGERT_TRY(carried[i].take(body, outputs[1 + i]));
    for (size_t i = 0; i < stacks.size(); i++)
      EDGERT_TRY(stacks[i].append(body, outputs[1 + carried.size() + i]));
    if (body.bytes(outputs[0]) < 1) return error(EDGERT_ERROR_GUARD, "the body's condition is empty");
    uint8_t again;
    EDGERT_TRY(body.read(outputs[0], &again, 1));
    condition = again;
    for (Carried& c : carried) c.advance();
    return {};
  }
};

}  // namespace

Frame& Frame::body_frame(const Node& node, size_t which) {
  auto& frame = bodies_[static_cast<size_t>(node.first_body) + which];
  if (!frame) frame = std::make_unique<Frame>(context_, node.graphs[which]);
  return *frame;
}

std::span<const int64_t> Frame::operand_dims(const Node& node, size_t operand) const {
  return dims(node.inputs[operand]);
}

Status Frame::run_control(SegmentPlan& plan, const Step& step) {
  const Node& node = graph_.nodes[static_cast<size_t>(step.node)];
  const Status status = node.info.op == "if" ? run_if(plan, step, node) : run_loop(plan, step, node);
  return status.ok() ? status : node_error(node, status);
}

Status Frame::take_result(int32_t value, std::span<const int64_t> got, void*& to) {
  const Value& v = graph_.values[static_cast<size_t>(value)];
  const auto planned = dims(value);
  bool known = true;
  for (size_t i = 0; i < got.size(); i++) {
    known &= planned[i] >= 0;
    if (planned[i] >= 0 && planned[i] != got[i])
      return error(EDGERT_ERROR_GUARD, "result '%s' is %s, expected %s", v.name.c_str(),
                   shape_text(got).c_str(), shape_text(planned).c_str());
  }
  std::ranges::copy(got, dims_.begin() + v.dims_offset);
  const auto root = static_cast<size_t>(value);
  if (!known) {
    bool moved = false;
    EDGERT_TRY(context_.reserve(blocks_[root], bytes(value), v.name.c_str(), moved));
    current_[root] = blocks_[root].memory;
    if (moved) generation_++;
  }
  to = address(current_[root]);
  return {};
}

Status Frame::run_if(SegmentPlan& plan, const Step& step, const Node& node) {
  const Memory* operands = plan.memory.data() + step.first;
  if (bytes(node.inputs[0]) < 1) return error(EDGERT_ERROR_GUARD, "the condition is empty");
  Frame& body = body_frame(node, *address(operands[0]) ? 0 : 1);
  for (size_t i = 1; i < node.inputs.size(); i++)
    body.set_input(static_cast<int32_t>(i) - 1, operands[i], operand_dims(node, i));
  const auto is_known = [&](int32_t value) {
    return std::ranges::all_of(dims(value), [](int64_t d) { return d >= 0; });
  };
  for (size_t i = 0; i < node.outputs.size(); i++) {
    const int32_t value = node.outputs[i];
    if (value >= 0 && is_known(value))
      body.set_output(static_cast<int32_t>(i), address(current_[static_cast<size_t>(value)]), dims(value));
    else body.set_output(static_cast<int32_t>(i), nullptr, {});
  }
  EDGERT_TRY(body.run());
  for (size_t i = 0; i < node.outputs.size(); i++) {
    if (node.outputs[i] < 0 || is_known(node.outputs[i])) continue;
    const int32_t from = body.graph().outputs[i];
    void* to;
    EDGERT_TRY(take_result(node.outputs[i], body.dims(from), to));
    EDGERT_TRY(body.read(from, to, body.bytes(from)));
  }
  return {};
}

Status Frame::run_loop(SegmentPlan& plan, const Step& step, const Node& node) {
  const Memory* operands = plan.memory.data() + step.first;
  int64_t trips = INT64_MAX;
  uint8_t condition = 1;
  for (size_t i = 0; i < 2; i++)
    if (node.inputs[i] >= 0 && bytes(node.inputs[i]) == 0)
      return error(EDGERT_ERROR_GUARD, "operand %zu is empty", i);
  if (node.inputs[0] >= 0) std::memcpy(&trips, address(operands[0]), sizeof trips);
  if (node.inputs[1] >= 0) condition = *address(operands[1]);

  Frame& body = body_frame(node, 0);
  const auto carried_count = static_cast<size_t>(node.info.integer("n_carried", 0));
  LoopValues values(context_, carried_count, body.graph().outputs.size() - 1 - carried_count);
  for (size_t i = 2; i < node.inputs.size(); i++) {
    const auto given = operand_dims(node, i);
    if (i < 2 + carried_count) {
      values.carried[i - 2].memory = operands[i];
      values.carried[i - 2].dims.assign(given.begin(), given.end());
    } else {
      body.set_input(static_cast<int32_t>(i), operands[i], given);
    }
  }
  for (int64_t iteration = 0; iteration < trips && condition; iteration++) {
    if (!context_.may_step()) return context_.why_not_step();
    EDGERT_TRY(values.run_step(body, iteration, condition));
  }

  for (size_t i = 0; i < node.outputs.size(); i++) {
    const int32_t value = node.outputs[i];
    if (value < 0) continue;
    void* to;
    const uint8_t* from;
    if (i < carried_count) {
      EDGERT_TRY(take_result(value, values.carried[i].dims, to));
      from = address(values.carried[i].memory);
    } else {
      const Stack& stack = values.stacks[i - carried_count];
      EDGERT_TRY(take_result(value, stack.dims(dims(value)), to));
      from = stack.block.data();
    }
    if (const uint64_t size = bytes(value)) std::memcpy(to, from, size);
  }
  return {};
}

}  // namespace edgert
