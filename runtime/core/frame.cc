#include "core/frame.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>

#include "core/types.h"

namespace edgert {
namespace {

constexpr size_t kMaxPlans = 8;  // per segment

int64_t load_integer(const void* from, int32_t dtype) {
  const auto as = [&](auto zero) {
    std::memcpy(&zero, from, sizeof zero);
    return static_cast<int64_t>(zero);
  };
  switch (item_size(dtype)) {
    case 8: return as(int64_t{});
    case 4: return dtype == EDGERT_U32 ? as(uint32_t{}) : as(int32_t{});
    case 2: return dtype == EDGERT_U16 ? as(uint16_t{}) : as(int16_t{});
    default:
      return dtype == EDGERT_I8 || dtype == EDGERT_I4 || dtype == EDGERT_I2 ? as(int8_t{}) : as(uint8_t{});
  }
}

}  // namespace

uint64_t clock_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Frame::Frame(Context& context, int32_t graph)
    : context_(context),
      graph_index_(graph),
      graph_(context.model().graphs[static_cast<size_t>(graph)]),
      dims_(static_cast<size_t>(graph_.dim_count), -1),
      inputs_(graph_.inputs.size()),
      outputs_(graph_.outputs.size()),
      blocks_(graph_.values.size()),
      current_(graph_.values.size()),
      plans_(graph_.segments.size()),
      bodies_(static_cast<size_t>(graph_.body_count)) {
  const auto& homes = context.placement[static_cast<size_t>(graph)].homes;
  for (size_t v = 0; v < blocks_.size(); v++) blocks_[v].device = homes[v];
  for (int d = 0; d < kMaxDevices; d++) arenas_[static_cast<size_t>(d)].device = d;
  for (size_t v = 0; v < graph_.values.size(); v++)
    if (const Value& value = graph_.values[v]; value.constant >= 0)
      std::ranges::copy(context.model().constants[static_cast<size_t>(value.constant)].dims,
                        dims_.begin() + value.dims_offset);
}

Frame::~Frame() {
  for (Block& b : blocks_) context_.release(b);
  for (Block& b : arenas_) context_.release(b);
}

void Frame::set_input(int32_t input, Memory memory, std::span<const int64_t> dims, int device) {
  Input& in = inputs_[static_cast<size_t>(input)];
  if (in.memory.handle != memory.handle || in.memory.offset != memory.offset || in.device != device)
    generation_++;
  in.memory = memory;
  in.dims.assign(dims.begin(), dims.end());
  in.device = device;
  in.given = true;
}

void Frame::set_output(int32_t output, void* data, std::span<const int64_t> dims) {
  Output& out = outputs_[static_cast<size_t>(output)];
  if (out.data != data || !std::ranges::equal(out.dims, dims)) generation_++;
  out.data = data;
  out.dims.assign(dims.begin(), dims.end());
  int64_t elements = 0;
  product(dims, elements);
  const Value& value = graph_.values[static_cast<size_t>(graph_.outputs[static_cast<size_t>(output)])];
  out.bytes = data ? static_cast<uint64_t>(elements) * item_size(value.dtype) : 0;
  out.offered = false;
}

void Frame::offer_output(int32_t output, Memory memory, uint64_t bytes) {
  Output& out = outputs_[static_cast<size_t>(output)];
  void* data = address(memory);
  if (out.data != data || out.bytes != bytes) generation_++;
  out.data = data;
  out.bytes = bytes;
  out.offered = true;
}

std::span<const int64_t> Frame::dims(int32_t value) const {
  const Value& v = graph_.values[static_cast<size_t>(value)];
  return std::span(dims_).subspan(static_cast<size_t>(v.dims_offset), v.dims.size());
}

uint64_t Frame::bytes(int32_t value) const {
  int64_t elements = 0;
  product(dims(value), elements);
  return static_cast<uint64_t>(elements) * item_size(graph_.values[static_cast<size_t>(value)].dtype);
}

Memory Frame::locate(int32_t value, int& device) {
  const int32_t root = graph_.values[static_cast<size_t>(value)].root;
  const Value& v = graph_.values[static_cast<size_t>(root)];
  device = kHost;
  Memory memory;
  if (v.constant >= 0) {
    if (!context_.constant(kHost, v, memory).ok()) memory = {};
    return memory;
  }
  if (v.input >= 0) {
    const Input& in = inputs_[static_cast<size_t>(v.input)];
    device = in.device;
    return in.memory;
  }
  device = blocks_[static_cast<size_t>(root)].device;
  return current_[static_cast<size_t>(root)];
}

Status Frame::read(int32_t value, void* to, uint64_t bytes) {
  int device;
  const Memory from = locate(value, device);
  if (bytes == 0) return {};
  if (!from.handle)
    return error(EDGERT_ERROR_INTERNAL, "value '%s' has no memory",
                 graph_.values[static_cast<size_t>(value)].name.c_str());
  return context_.backend(device).download(to, from, bytes);
}

void Frame::clear_plans() {
  for (Plans& p : plans_) p.clear();
  for (size_t v = 0; v < blocks_.size(); v++)
    if (!graph_.values[v].escapes) {
      context_.release(blocks_[v]);
      current_[v] = {};
    }
  for (auto& b : bodies_)
    if (b) b->clear_plans();
}

const Planned* Frame::planned(size_t segment, int32_t node) const {
  const SegmentPlan* last = plan(segment);
  if (!last) return nullptr;
  const auto steps = std::ranges::equal_range(last->steps, node, {}, &Step::node);
  return steps.empty() ? nullptr : steps.back().planned.get();
}

uint64_t Frame::arena_bytes() const {
  uint64_t total = 0;
  for (const Block& b : arenas_) total += b.bytes;
  for (const Block& b : blocks_) total += b.bytes;
  for (const auto& b : bodies_)
    if (b) total += b->arena_bytes();
  return total;
}

uint64_t Frame::arena_bound_bytes() const {
  uint64_t total = std::accumulate(arena_bounds_.begin(), arena_bounds_.end(), uint64_t{0});
  for (const Block& b : blocks_) total += b.bytes;
  for (const auto& b : bodies_)
    if (b) total += b->arena_bound_bytes();
  return total;
}

Status Frame::run() {
  for (int32_t symbol : graph_.symbols) context_.symbols.forget(symbol);
  for (size_t s = 0; s < graph_.segments.size(); s++) {
    const auto index = static_cast<int32_t>(s);
    EDGERT_TRY(read_bindings(graph_.segments[s], index));
    EDGERT_TRY(activate(index));
    EDGERT_TRY(execute(*plans_[s].front()));
  }
  return finish_outputs();
}

Status Frame::read_bindings(const Segment& segment, int32_t index) {
  if (index == 0)
    for (size_t i = 0; i < inputs_.size(); i++) {
      const Value& v = graph_.values[static_cast<size_t>(graph_.inputs[i])];
      if (!inputs_[i].given || inputs_[i].dims.size() != v.dims.size())
        return error(EDGERT_ERROR_ARGUMENT, "input '%s' is not set", v.name.c_str());
      std::ranges::copy(inputs_[i].dims, dims_.begin() + v.dims_offset);
    }
  for (const Binding& b : segment.bindings) {
    if (b.source == Source::kElement) {
      EDGERT_TRY(read_element(b));
      continue;
    }
    const int64_t size = dims(b.value)[static_cast<size_t>(b.index)];
    if (size < 0)
      return error(EDGERT_ERROR_FORMAT, "size %d of '%s' was not found", b.index,
                   graph_.values[static_cast<size_t>(b.value)].name.c_str());
    context_.symbols.set(b.symbol, size);
  }
  return {};
}

Status Frame::read_element(const Binding& binding) {
  const Value& v = graph_.values[static_cast<size_t>(binding.value)];
  int64_t elements;
  if (!product(dims(binding.value), elements) || binding.index >= elements)
    return error(EDGERT_ERROR_GUARD, "'%s' %s has no element %d, which a size is read from", v.name.c_str(),
                 shape_text(dims(binding.value)).c_str(), binding.index);
  int device;
  Memory memory = locate(binding.value, device);
  if (!memory.handle) return error(EDGERT_ERROR_INTERNAL, "'%s' has no memory", v.name.c_str());
  const uint64_t item = item_size(v.dtype);
  memory.offset += item * static_cast<uint64_t>(binding.index);
  alignas(8) uint8_t raw[16];
  EDGERT_TRY(context_.backend(device).download(raw, memory, item));
  context_.symbols.set(binding.symbol, load_integer(raw, v.dtype));
  return {};
}

Status Frame::activate(int32_t index) {
  const Segment& segment = graph_.segments[static_cast<size_t>(index)];
  Plans& plans = plans_[static_cast<size_t>(index)];
  const Symbols& symbols = context_.symbols;
  for (int32_t s : segment.key)
    if (!symbols.known(s))
      return error(EDGERT_ERROR_FORMAT, "run: symbol '%s' is not known where it is needed",
                   context_.model().symbols[static_cast<size_t>(s)].c_str());
  const auto fits = [&](const std::unique_ptr<SegmentPlan>& plan) {
    for (size_t i = 0; i < segment.key.size(); i++)
      if (plan->key[i] != symbols.value(segment.key[i])) return false;
    return true;
  };
  auto found = std::ranges::find_if(plans, fits);
  if (found == plans.end()) {
    std::unique_ptr<SegmentPlan> fresh;
    EDGERT_TRY(build_plan(context_, graph_index_, index, fresh));
    if (plans.size() >= kMaxPlans) plans.pop_back();
    found = plans.insert(plans.end(), std::move(fresh));
  }
  EDGERT_TRY(index == 0 ? check_inputs(**found) : check_used(**found));
  std::rotate(plans.begin(), found, found + 1);
  SegmentPlan& plan = *plans.front();
  for (const auto& [value, offset] : plan.defined) {
    const Value& v = graph_.values[static_cast<size_t>(value)];
    std::copy_n(plan.dims.begin() + offset, v.dims.size(), dims_.begin() + v.dims_offset);
  }
  if (plan.resolved == generation_ && !context_.separate) return {};
  Status status = resolve(plan);
  if (!status.ok()) generation_++;  // some memory may be gone
  return status;
}

Status Frame::check_inputs(const SegmentPlan& plan) const {
  for (const auto& [value, offset] : plan.defined) {
    const Value& v = graph_.values[static_cast<size_t>(value)];
    if (v.input < 0) continue;
    const Input& in = inputs_[static_cast<size_t>(v.input)];
    if (std::equal(in.dims.begin(), in.dims.end(), plan.dims.begin() + offset)) continue;
    std::string expected;
    for (int32_t d : v.dims) expected += (expected.empty() ? "" : ", ") + expr_text(context_.model(), d);
    return error(
        EDGERT_ERROR_GUARD, "input '%s': got %s, expected [%s], which is %s here", v.name.c_str(),
        shape_text(in.dims).c_str(), expected.c_str(),
        shape_text(std::span(plan.dims).subspan(static_cast<size_t>(offset), v.dims.size())).c_str());
  }
  return {};
}

// A symbol may be bound to something else than the size it stands for in a damaged file.
Status Frame::check_used(const SegmentPlan& plan) const {
  for (const auto& [value, offset] : plan.used) {
    const auto made = dims(value);
    const auto planned = std::span(plan.dims).subspan(static_cast<size_t>(offset), made.size());
    if (!std::ranges::equal(made, planned))
      return error(EDGERT_ERROR_FORMAT, "'%s' was made as %s, but is used as %s",
                   graph_.values[static_cast<size_t>(value)].name.c_str(), shape_text(made).c_str(),
                   shape_text(planned).c_str());
  }
  return {};
}

Status Frame::finish_outputs() {
  for (size_t i = 0; i < outputs_.size(); i++) {
    Output& out = outputs_[i];
    const int32_t value = graph_.outputs[i];
    if (!out.data || out.offered) continue;
    const auto got = dims(value);
    if (!std::equal(got.begin(), got.end(), out.dims.begin(), out.dims.end()))
      return error(EDGERT_ERROR_ARGUMENT, "output '%s' is %s, memory for %s was given",
                   graph_.values[static_cast<size_t>(value)].name.c_str(), shape_text(got).c_str(),
                   shape_text(out.dims).c_str());
    int device;
    if (locate(value, device).handle == out.data && device == kHost) continue;
    EDGERT_TRY(read(value, out.data, bytes(value)));
  }
  return {};
}

// ---- memory ----

// Whether writing there would change an input under a node that has yet to read it.
bool Frame::overlaps_input(const void* data, uint64_t size) const {
  const auto start = reinterpret_cast<uintptr_t>(data);
  for (size_t i = 0; i < inputs_.size(); i++) {
    if (inputs_[i].device != kHost) continue;
    const auto other = reinterpret_cast<uintptr_t>(inputs_[i].memory.handle) + inputs_[i].memory.offset;
    if (start < other + bytes(graph_.inputs[i]) && other < start + size) return true;
  }
  return false;
}

// The output that the host lets the producer of `storage` write directly.
Frame::Output* Frame::direct_output(const Storage& storage) {
  if (storage.kind != Storage::Kind::kBlock || storage.device != kHost) return nullptr;
  for (size_t i = 0; i < outputs_.size(); i++) {
    const int32_t value = graph_.outputs[i];
    Output& out = outputs_[i];
    if (!out.data || graph_.values[static_cast<size_t>(value)].root != storage.value) continue;
    const auto got = dims(value);
    if (!out.offered && !std::equal(got.begin(), got.end(), out.dims.begin(), out.dims.end())) return nullptr;
    // Where a later segment makes the output of this storage, its dims are still those of the run before.
    if (out.bytes < storage.bytes || overlaps_input(out.data, storage.bytes)) return nullptr;
    return &out;
  }
  return nullptr;
}

Status Frame::resolve_storage(Storage& storage) {
  const auto root = static_cast<size_t>(storage.value);
  switch (storage.kind) {
    case Storage::Kind::kFixed: return {};
    case Storage::Kind::kInput:
      storage.memory = inputs_[static_cast<size_t>(graph_.values[root].input)].memory;
      return {};
    case Storage::Kind::kArena:
      if (!context_.separate) {
        storage.memory = arenas_[storage.device].memory;
        storage.memory.offset += storage.offset;
      }
      return {};
    case Storage::Kind::kUnknown: storage.memory = {}; return {};
    case Storage::Kind::kBlock: break;
  }
  if (!storage.defined_here) {
    storage.memory = current_[root];
    return {};
  }
  if (const Output* out = direct_output(storage)) {
    storage.memory = {out->data, 0};
  } else {
    bool moved = false;
    EDGERT_TRY(context_.reserve(blocks_[root], storage.bytes, graph_.values[root].name.c_str(), moved));
    storage.memory = blocks_[root].memory;
  }
  if (storage.memory.handle != current_[root].handle || storage.memory.offset != current_[root].offset) {
    current_[root] = storage.memory;
    generation_++;
  }
  return {};
}

Status Frame::resolve(SegmentPlan& plan) {
  for (int d = 0; d < context_.device_count(); d++) {
    Block& arena = arenas_[static_cast<size_t>(d)];
    bool moved = false;
    uint64_t& bound = arena_bounds_[static_cast<size_t>(d)];
    bound = std::max(bound, plan.arena_bounds[static_cast<size_t>(d)]);
    if (!context_.separate && plan.arena_bytes[static_cast<size_t>(d)] > arena.bytes)
      EDGERT_TRY(context_.reserve(arena, plan.arena_bytes[static_cast<size_t>(d)], "run", moved));
    if (moved) generation_++;
  }
  for (Storage& s : plan.storages) EDGERT_TRY(resolve_storage(s));
  for (const Step& step : plan.steps) resolve_operands(plan, step);
  plan.resolved = generation_;
  return {};
}

void Frame::resolve_operands(SegmentPlan& plan, const Step& step) {
  const int32_t end = step.first + step.input_count + step.output_count + 1;
  for (auto i = static_cast<size_t>(step.first); i < static_cast<size_t>(end); i++)
    plan.memory[i] =
        plan.operands[i] < 0 ? Memory{} : plan.storages[static_cast<size_t>(plan.operands[i])].memory;
}

// With separate allocations, a storage of the arena exists from its first step to its last.
Status Frame::begin_step(SegmentPlan& plan, int32_t step) {
  for (Storage& s : plan.storages)
    if (s.kind == Storage::Kind::kArena && s.life.first == step) {
      const char* what = s.is_scratch ? "scratch" : graph_.values[static_cast<size_t>(s.value)].name.c_str();
      EDGERT_TRY(context_.allocate(s.device, s.bytes, s.memory, what));
    }
  resolve_operands(plan, plan.steps[static_cast<size_t>(step)]);
  return {};
}

void Frame::end_step(SegmentPlan& plan, int32_t step) {
  for (Storage& s : plan.storages)
    if (s.kind == Storage::Kind::kArena && s.life.last == step) {
      context_.release(s.device, s.memory, s.bytes);
      s.memory = {};
    }
}

// ---- running ----

Status Frame::execute(SegmentPlan& plan) {
  Status status;
  auto band = plan.bands.begin();
  for (size_t i = 0; i < plan.steps.size() && status.ok(); i++) {
    const Step& step = plan.steps[i];
    if (!context_.may_step()) {
      status = context_.why_not_step();
      break;
    }
    const bool joined = band != plan.bands.end() && static_cast<size_t>(band->first) == i;
    const size_t end = joined ? static_cast<size_t>(band->end) : i + 1;
    if (context_.separate)
      for (size_t k = i; k < end && status.ok(); k++) status = begin_step(plan, static_cast<int32_t>(k));
    if (status.ok() && joined) status = run_band(plan, *band++);
    else if (status.ok()) status = context_.profiling ? time_step(plan, step) : run_step(plan, step);
    if (context_.separate)
      for (size_t k = i; k < end; k++) end_step(plan, static_cast<int32_t>(k));
    i = end - 1;
  }
  if (context_.separate)
    for (Storage& s : plan.storages)
      if (s.kind == Storage::Kind::kArena) {
        context_.release(s.device, s.memory, s.bytes);
        s.memory = {};
      }
  return status;
}

Status Frame::run_step(SegmentPlan& plan, const Step& step) {
  if (step.kind == Step::Kind::kKernel) return run_kernel(plan, step);
  if (step.kind == Step::Kind::kTransfer) return run_transfer(plan, step);
  return run_control(plan, step);
}

// A device's queue is waited for, so that a node's time is its own.
Status Frame::time_step(SegmentPlan& plan, const Step& step) {
  const uint64_t start = clock_now();
  Status status = run_step(plan, step);
  if (status.ok() && step.device != kHost) status = context_.backend(step.device).finish();
  const uint64_t taken = clock_now() - start;
  times_.resize(graph_.nodes.size());
  NodeTime& time = times_[static_cast<size_t>(step.node)];
  if (step.kind == Step::Kind::kTransfer) time.nanoseconds += taken;
  else time.add(taken);
  return status;
}

void Frame::clear_times() {
  times_.clear();
  for (auto& b : bodies_)
    if (b) b->clear_times();
}

Status Frame::run_kernel(SegmentPlan& plan, const Step& step) {
  const Memory* memory = plan.memory.data() + step.first;
  const auto inputs = std::span(memory, static_cast<size_t>(step.input_count));
  const auto outputs = std::span(memory + step.input_count, static_cast<size_t>(step.output_count));
  const Memory scratch = memory[step.input_count + step.output_count];
  Backend& backend = context_.backend(step.device);
  Found found;
  found.heap = &context_.heap();
  if (step.count_count == 0) [[likely]] {
    Status status = backend.run(*step.planned, inputs, outputs, scratch, found);
    return status.ok() ? status : node_error(graph_.nodes[static_cast<size_t>(step.node)], status);
  }
  std::vector<int64_t> counts(static_cast<size_t>(step.count_count), -1);
  std::vector<void*> given(static_cast<size_t>(step.output_count), nullptr);
  found.counts = counts.data();
  found.memory = given.data();
  Status status = backend.run(*step.planned, inputs, outputs, scratch, found);
  if (status.ok()) status = set_counts(plan, step, counts.data());
  for (size_t i = 0; i < given.size() && status.ok(); i++) status = take_given(plan, step, i, given[i]);
  return node_error(graph_.nodes[static_cast<size_t>(step.node)], status);
}

Status Frame::set_counts(const SegmentPlan& plan, const Step& step, const int64_t* counts) {
  for (int32_t i = 0; i < step.count_count; i++) {
    const CountAxis& axis = plan.counts[static_cast<size_t>(step.first_count + i)];
    dims_[static_cast<size_t>(graph_.values[static_cast<size_t>(axis.value)].dims_offset + axis.axis)] =
        counts[i];
  }
  for (int32_t k = step.first + step.input_count; k < step.first + step.input_count + step.output_count;
       k++) {
    const int32_t storage = plan.operands[static_cast<size_t>(k)];
    if (storage < 0) continue;
    const Storage& s = plan.storages[static_cast<size_t>(storage)];
    if (s.kind == Storage::Kind::kUnknown) continue;
    int64_t elements;
    const auto item = static_cast<uint64_t>(item_size(graph_.values[static_cast<size_t>(s.value)].dtype));
    if (!product(dims(s.value), elements) || static_cast<uint64_t>(elements) > s.bytes / item)
      return error(EDGERT_ERROR_INTERNAL, "the kernel found size %s for '%s', which %llu bytes do not hold",
                   shape_text(dims(s.value)).c_str(),
                   graph_.values[static_cast<size_t>(s.value)].name.c_str(),
                   static_cast<unsigned long long>(s.bytes));
  }
  return {};
}

// Where the kernel has put a result of unplanned size. The address is another one each time.
Status Frame::take_given(const SegmentPlan& plan, const Step& step, size_t output, void* given) {
  const int32_t storage = plan.operands[static_cast<size_t>(step.first + step.input_count) + output];
  if (storage < 0 || plan.storages[static_cast<size_t>(storage)].kind != Storage::Kind::kUnknown) return {};
  const int32_t value = plan.storages[static_cast<size_t>(storage)].value;
  const Value& v = graph_.values[static_cast<size_t>(value)];
  int64_t elements, size;
  if (!product(dims(value), elements) || !multiply(elements, static_cast<int64_t>(item_size(v.dtype)), size))
    return error(EDGERT_ERROR_INTERNAL, "the kernel found size %s for '%s'", shape_text(dims(value)).c_str(),
                 v.name.c_str());
  if (!given && size)
    return error(EDGERT_ERROR_INTERNAL, "the kernel made no elements of '%s'", v.name.c_str());
  if (!given) given = context_.heap().allocate(0);  // operands that are there are not null
  if (!given) return error(EDGERT_ERROR_MEMORY, "no memory for '%s'", v.name.c_str());
  current_[static_cast<size_t>(value)] = {given, 0};
  generation_++;
  return {};
}

Status Frame::run_transfer(SegmentPlan& plan, const Step& step) {
  const Storage& from = plan.storages[static_cast<size_t>(plan.operands[static_cast<size_t>(step.first)])];
  const Memory source = plan.memory[static_cast<size_t>(step.first)];
  const Memory target = plan.memory[static_cast<size_t>(step.first) + 1];
  const uint64_t size = bytes(from.value);
  if (size == 0) return {};
  if (from.kind == Storage::Kind::kInput) {
    const Input& in = inputs_[static_cast<size_t>(graph_.values[static_cast<size_t>(from.value)].input)];
    if (in.device == step.device) return context_.backend(step.device).copy(target, source, size);
  }
  if (step.device == kHost) return context_.backend(from.device).download(address(target), source, size);
  return context_.backend(step.device).upload(target, address(source), size);
}

}  // namespace edgert
