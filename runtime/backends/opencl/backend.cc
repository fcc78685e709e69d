#include "backends/opencl/backend.h"

#include <algorithm>

namespace edgert::cl {
namespace {

// Kernels index elements with 32-bit integers.
constexpr int64_t kMostElements = INT32_MAX;

Status expect_types(const NodeArgs& args) {
  for (auto operands : {args.inputs, args.outputs})
    for (const edgert_operand& operand : operands)
      if (operand.dtype != 0 && item_size(operand.dtype) == 0)
        return unsupported("%s has no OpenCL form", dtype_name(operand.dtype));
  return {};
}

Status expect_sizes(const NodeArgs& args) {
  for (auto operands : {args.inputs, args.outputs})
    for (const edgert_operand& operand : operands) {
      int64_t size = 0;
      if (operand.dtype == 0) continue;
      if (!product(shape_of(operand), size) || size > kMostElements)
        return unsupported("a tensor of more than 2147483647 elements");
    }
  return {};
}

Status make_buffer(const Context& context, uint64_t flags, uint64_t bytes, void* host, MemoryId& out) {
  int32_t code = kSuccess;
  out = context.api().CreateBuffer(context.id(), flags, std::max<uint64_t>(bytes, 1), host, &code);
  return check(code, ("making a buffer of " + std::to_string(bytes) + " bytes").c_str());
}

}  // namespace

Adopted::~Adopted() {
  for (auto& [handle, region] : regions_)
    for (MemoryId part : region.parts) context_->api().ReleaseMemObject(part);
}

// Where device and host share memory the mapped file itself is the buffer.
Status Adopted::add(const void* data, uint64_t bytes, Memory& memory) {
  std::lock_guard lock(mutex_);
  if (auto found = known_.find(data); found != known_.end()) {
    memory = found->second;
    return {};
  }
  const Device& device = context_->device();
  const uint64_t flags =
      kMemoryReadOnly | (device.unified_memory ? kMemoryUseHostPointer : kMemoryCopyHostPointer);
  const bool whole = bytes <= device.max_allocation;
  const uint64_t step =
      whole ? UINT64_MAX / 2 : std::max<uint64_t>(device.max_allocation / 2 / 4096 * 4096, 4096);
  auto* start = const_cast<uint8_t*>(static_cast<const uint8_t*>(data));
  Region region{{}, step};
  Status status;
  for (uint64_t at = 0; at < bytes && status.ok(); at += step) {
    MemoryId id = nullptr;
    status = make_buffer(*context_, flags, std::min(2 * step, bytes - at), start + at, id);
    if (status.ok()) region.parts.push_back(id);
  }
  if (!status.ok()) {
    for (MemoryId part : region.parts) context_->api().ReleaseMemObject(part);
    return status;
  }
  memory = known_[data] = {region.parts[0], 0};
  regions_[memory.handle] = std::move(region);
  if (!whole) split_ = true;
  return {};
}

Memory Adopted::located(Memory memory) const {
  std::lock_guard lock(mutex_);
  auto region = regions_.find(memory.handle);
  if (region == regions_.end()) return memory;
  const uint64_t part = memory.offset / region->second.step;
  return {region->second.parts[part], memory.offset - part * region->second.step};
}

OpenclBackend::OpenclBackend(std::shared_ptr<Context> context, QueueId queue, bool given,
                             std::shared_ptr<Adopted> adopted)
    : context_(std::move(context)), queue_(queue), given_(given), adopted_(std::move(adopted)) {
  if (!adopted_) adopted_ = std::make_shared<Adopted>(context_);
}

OpenclBackend::~OpenclBackend() {
  const Api& api = context_->api();
  api.Finish(queue_);
  if (flag_) api.ReleaseMemObject(flag_);
  api.ReleaseCommandQueue(queue_);
}

Status OpenclBackend::clone(std::unique_ptr<Backend>& out) {
  const Api& api = context_->api();
  QueueId queue = queue_;
  int32_t code = kSuccess;
  if (given_) {
    code = api.RetainCommandQueue(queue);
  } else {
    queue = api.CreateCommandQueue(context_->id(), context_->device().id, 0, &code);
  }
  EDGERT_TRY(check(code, "making a queue"));
  out = std::make_unique<OpenclBackend>(context_, queue, given_, adopted_);
  return {};
}

bool OpenclBackend::supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                             std::span<const edgert_operand> outputs, std::string& why) const {
  const NodeArgs args{node, inputs, outputs};
  const Family* family = find_family(node.op);
  if (!family) {
    why = "OpenCL has no kernel for " + node.op;
    return false;
  }
  Status status = expect_types(args);
  if (status.ok() && family->supports) status = family->supports(context_->device(), args);
  why = status.text();
  return status.ok();
}

Status OpenclBackend::plan(const edgert_node& node, std::span<const edgert_operand> inputs,
                           std::span<const edgert_operand> outputs, const PlanWish&,
                           std::unique_ptr<Planned>& planned) {
  const NodeArgs args{node, inputs, outputs};
  const Family* family = find_family(node.op);
  if (!family) return unsupported("OpenCL has no kernel for %s", node.op.c_str());
  EDGERT_TRY(expect_sizes(args));
  auto plan = std::make_unique<Plan>();
  Planner planner(*context_, *plan, node_number(node.name), args);
  EDGERT_TRY(family->plan(planner, args));
  for (const Launch& launch : plan->launches) EDGERT_TRY(launch.ready());
  if (planner.flagged() && !flag_) EDGERT_TRY(make_flag());
  plan->flagged = planner.flagged();
  planned = std::move(plan);
  return {};
}

Status OpenclBackend::run(const Planned& planned, std::span<const Memory> inputs,
                          std::span<const Memory> outputs, Memory scratch, const Found&) {
  const auto& plan = static_cast<const Plan&>(planned);
  flag_pending_ |= plan.flagged;
  std::vector<Memory> found;
  if (adopted_->is_split()) {
    for (Memory memory : inputs) found.push_back(adopted_->located(memory));
    inputs = found;
  }
  for (const Launch& launch : plan.launches)
    EDGERT_TRY(launch.run(queue_, inputs, outputs, scratch, plan.tables, flag_));
  return {};
}

Status OpenclBackend::allocate(uint64_t bytes, Memory& memory) {
  const uint64_t most = context_->device().max_allocation;
  if (bytes > most)
    return error(EDGERT_ERROR_MEMORY,
                 "opencl: a buffer of %llu bytes, %s takes %llu at most; EDGERT_ARENA=separate "
                 "gives every tensor its own",
                 static_cast<unsigned long long>(bytes), context_->device().name.c_str(),
                 static_cast<unsigned long long>(most));
  MemoryId id = nullptr;
  EDGERT_TRY(make_buffer(*context_, kMemoryReadWrite, bytes, nullptr, id));
  memory = {id, 0};
  return {};
}

void OpenclBackend::release(Memory memory) {
  context_->api().ReleaseMemObject(static_cast<MemoryId>(memory.handle));
}

Status OpenclBackend::adopt(const void* data, uint64_t bytes, Memory& memory) {
  return bytes ? adopted_->add(data, bytes, memory) : allocate(1, memory);
}

Status OpenclBackend::upload(Memory to, const void* from, uint64_t bytes) {
  if (bytes == 0) return {};
  return check(context_->api().EnqueueWriteBuffer(queue_, static_cast<MemoryId>(to.handle), 1, to.offset,
                                                  bytes, from, 0, nullptr, nullptr),
               "writing to the device");
}

Status OpenclBackend::download(void* to, Memory from, uint64_t bytes) {
  from = adopted_->located(from);
  if (bytes != 0)
    EDGERT_TRY(check(context_->api().EnqueueReadBuffer(queue_, static_cast<MemoryId>(from.handle), 1,
                                                       from.offset, bytes, to, 0, nullptr, nullptr),
                     "reading from the device"));
  return check_flag();
}

Status OpenclBackend::copy(Memory to, Memory from, uint64_t bytes) {
  if (bytes == 0) return {};
  from = adopted_->located(from);
  return check(context_->api().EnqueueCopyBuffer(queue_, static_cast<MemoryId>(from.handle),
                                                 static_cast<MemoryId>(to.handle), from.offset, to.offset,
                                                 bytes, 0, nullptr, nullptr),
               "copying on the device");
}

Status OpenclBackend::finish() {
  EDGERT_TRY(check(context_->api().Finish(queue_), "waiting for the device"));
  return check_flag();
}

int32_t OpenclBackend::node_number(const std::string& name) {
  auto found = std::find(nodes_.begin(), nodes_.end(), name);
  if (found == nodes_.end()) found = nodes_.insert(found, name);
  return static_cast<int32_t>(found - nodes_.begin()) + 1;
}

Status OpenclBackend::make_flag() {
  EDGERT_TRY(make_buffer(*context_, kMemoryReadWrite, sizeof(int32_t), nullptr, flag_));
  const int32_t zero = 0;
  return upload({flag_, 0}, &zero, sizeof(zero));
}

// The node whose kernel met a tensor value it refuses, as the error of the run.
Status OpenclBackend::check_flag() {
  if (!flag_pending_) return {};
  flag_pending_ = false;
  int32_t node = 0;
  const Api& api = context_->api();
  EDGERT_TRY(check(api.EnqueueReadBuffer(queue_, flag_, 1, 0, sizeof(node), &node, 0, nullptr, nullptr),
                   "reading the error flag"));
  if (node == 0) return {};
  const int32_t zero = 0;
  EDGERT_TRY(upload({flag_, 0}, &zero, sizeof(zero)));
  return error(EDGERT_ERROR_GUARD, "'%s': an index is out of range",
               nodes_[static_cast<size_t>(node) - 1].c_str());
}

}  // namespace edgert::cl
