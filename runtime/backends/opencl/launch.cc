#include "backends/opencl/launch.h"

#include <algorithm>
#include <cstring>

#include "backends/opencl/sources.h"

namespace edgert::cl {

Launch& Launch::slot(From from, size_t index, uint64_t offset) {
  slots_.push_back({from, static_cast<uint32_t>(index), offset, argument_, UINT64_MAX});
  argument_ += from == From::kFlag ? 1 : 2;
  return *this;
}

Launch& Launch::flag(int32_t node) {
  slot(From::kFlag, 0, 0);
  return value(node);
}

void Launch::range(std::initializer_list<int64_t> items, std::initializer_list<int64_t> group) {
  axes_ = static_cast<uint32_t>(items.size());
  grouped_ = group.size() != 0;
  for (uint32_t axis = 0; axis < axes_; axis++) {
    items_[axis] = static_cast<size_t>(items.begin()[axis]);
    if (!grouped_) continue;
    group_[axis] = static_cast<size_t>(group.begin()[axis]);
    items_[axis] = (items_[axis] + group_[axis] - 1) / group_[axis] * group_[axis];
  }
}

void Launch::spread(int64_t n0, int64_t n1, int64_t n2) {
  int64_t g0 = 1, g1 = 1;
  while (g0 < n0 && g0 < most_) g0 *= 2;
  while (g1 < n1 && g0 * g1 < most_) g1 *= 2;
  range({n0, n1, n2}, {g0, g1, 1});
}

Status Launch::bind(const Slot& slot, Memory memory) const {
  memory.offset += slot.offset;
  // Set even where it looks the same: a new buffer may have a released one's handle.
  auto id = static_cast<MemoryId>(memory.handle);
  EDGERT_TRY(check(api_->SetKernelArg(kernel_.id(), slot.argument, sizeof(id), &id), "setting a buffer"));
  if (slot.from == From::kFlag || memory.offset == slot.bound) return {};
  EDGERT_TRY(check(api_->SetKernelArg(kernel_.id(), slot.argument + 1, sizeof(uint64_t), &memory.offset),
                   "setting an offset"));
  slot.bound = memory.offset;
  return {};
}

Status Launch::run(QueueId queue, std::span<const Memory> inputs, std::span<const Memory> outputs,
                   Memory scratch, std::span<const Table> tables, MemoryId flag) const {
  for (const Slot& slot : slots_) {
    switch (slot.from) {
      case From::kInput: EDGERT_TRY(bind(slot, inputs[slot.index])); break;
      case From::kOutput: EDGERT_TRY(bind(slot, outputs[slot.index])); break;
      case From::kScratch: EDGERT_TRY(bind(slot, scratch)); break;
      case From::kTable: EDGERT_TRY(bind(slot, {tables[slot.index].id(), 0})); break;
      case From::kFlag: EDGERT_TRY(bind(slot, {flag, 0})); break;
    }
  }
  return check(api_->EnqueueNDRangeKernel(queue, kernel_.id(), axes_, nullptr, items_.data(),
                                          grouped_ ? group_.data() : nullptr, 0, nullptr, nullptr),
               "starting a kernel");
}

Source::Source(const Device& device) {
  if (device.fp64) define("EDGE_FP64", 1);
  file("prelude");
}

bool has_narrow(const NodeArgs& args) {
  const auto narrow = [](const edgert_operand& operand) {
    return item_size(operand.dtype) == 1 && compute_dtype(operand.dtype) != operand.dtype;
  };
  return std::any_of(args.inputs.begin(), args.inputs.end(), narrow) ||
         std::any_of(args.outputs.begin(), args.outputs.end(), narrow);
}

Source& Source::define(const char* name, const std::string& value) {
  text_ += std::string("#define ") + name + " " + value + "\n";
  return *this;
}

Source& Source::add(const std::string& text) {
  text_ += text;
  return *this;
}

Source& Source::file(const char* name) {
  for (size_t i = 0; i < kOpenclSourceCount; i++)
    if (std::strcmp(kOpenclSources[i].name, name) == 0) text_ += kOpenclSources[i].text;
  return *this;
}

Status Planner::launch(const Source& source, const char* name, Launch*& out) {
  Kernel kernel;
  EDGERT_TRY(context_.kernel(source.text(), name, kernel));
  // A group costs a processor far more than it costs a GPU.
  const int64_t group = device().is_cpu() ? 1024 : 128;
  out = &plan_.launches.emplace_back(context_.api(), std::move(kernel),
                                     std::min(group, static_cast<int64_t>(device().work_group)));
  return {};
}

Status Planner::table(const void* data, size_t bytes, size_t& index) {
  int32_t code = kSuccess;
  const Api& api = context_.api();
  MemoryId id = api.CreateBuffer(context_.id(), kMemoryReadOnly | kMemoryCopyHostPointer, bytes,
                                 const_cast<void*>(data), &code);
  EDGERT_TRY(check(code, "making a table"));
  index = plan_.tables.size();
  plan_.tables.emplace_back(api, id);
  return {};
}

uint64_t Planner::scratch(uint64_t bytes) {
  const uint64_t offset = plan_.scratch_bytes;
  plan_.scratch_bytes += (bytes + 63) / 64 * 64;
  return offset;
}

}  // namespace edgert::cl
