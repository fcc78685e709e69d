#include "core/session.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/devices.h"
#include "core/threads.h"
#include "core/types.h"

namespace edgert {
namespace {

// Bytes: what was asked for, else what the machine has.
uint64_t memory_limit(const Settings& settings) {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  uint64_t limit = UINT64_MAX;
  if (settings.memory_limit) limit = settings.memory_limit;
  else if (pages > 0 && size > 0) limit = static_cast<uint64_t>(pages) * static_cast<uint64_t>(size);
  return std::min<uint64_t>(limit, SIZE_MAX / 2);
}

bool wants_separate() {
  const char* arena = std::getenv("EDGERT_ARENA");
  return arena && std::strcmp(arena, "separate") == 0;
}

Status open_opencl(const Settings& settings, int device, std::unique_ptr<Backend>& out) {
#if defined(EDGERT_OPENCL)
  return make_opencl_backend({device, settings.cl_context, settings.cl_queue}, out);
#else
  (void)settings, (void)device, (void)out;
  return error(EDGERT_ERROR_UNSUPPORTED, "load: this build has no OpenCL");
#endif
}

// The host's backend, and behind it the one asked for.
Status open_devices(const Settings& settings, std::vector<std::unique_ptr<Backend>>& out) {
  out.emplace_back();
  EDGERT_TRY(make_cpu_backend({settings.threads, wants_separate(), memory_limit(settings)}, out[0]));
  const std::string& name = settings.device;
  if (name == "cpu") return {};
  std::unique_ptr<Backend> device;
  if (name == "auto") {
    if (open_opencl(settings, -1, device).ok()) out.push_back(std::move(device));
    return {};
  }
  int number = 0;
  if (name.starts_with("opencl:")) {
    char* end = nullptr;
    const long parsed = std::strtol(name.c_str() + 7, &end, 10);
    if (name.size() == 7 || *end || parsed < 0 || parsed > 1 << 20)
      return error(EDGERT_ERROR_ARGUMENT, "load: device '%s', expected opencl:<number>", name.c_str());
    number = static_cast<int>(parsed);
  } else if (name != "opencl") {
    return error(EDGERT_ERROR_ARGUMENT, "load: device '%s', expected cpu, opencl, opencl:<number> or auto",
                 name.c_str());
  }
  EDGERT_TRY(open_opencl(settings, number, device));
  out.push_back(std::move(device));
  return {};
}

Status find_entry(const Model& model, const std::string& name, int32_t& graph, int32_t& entry) {
  std::string known;
  for (size_t i = 0; i < model.entries.size(); i++) {
    known += (i ? ", " : "") + model.entries[i].name;
    if (!name.empty() && model.entries[i].name != name) continue;
    graph = model.entries[i].graph;
    entry = static_cast<int32_t>(i);
    return {};
  }
  return error(EDGERT_ERROR_ARGUMENT, "load: entry '%s' is not one of %s", name.c_str(), known.c_str());
}

}  // namespace

// Holds the session for one call.
class Session::Lock {
 public:
  explicit Lock(Session& session)
      : busy_(session.busy_), held_(!busy_.exchange(true, std::memory_order_acquire)) {}
  ~Lock() {
    if (held_) busy_.store(false, std::memory_order_release);
  }
  Status status() const {
    return held_ ? Status()
                 : error(EDGERT_ERROR_BUSY, "the session is running in another thread; use a clone");
  }

 private:
  std::atomic<bool>& busy_;
  bool held_;
};

Session::Session(std::shared_ptr<const Model> model, std::vector<std::unique_ptr<Backend>> backends,
                 const Settings& settings)
    : settings_(settings), context_(std::make_unique<Context>(std::move(model), std::move(backends))) {
  context_->separate = wants_separate();
  context_->threads = settings.threads;
  context_->memory_budget = settings.memory_budget;
  context_->tuning = settings.tuning;
  context_->memory_limit = memory_limit(settings);
  if (settings.step_limit) context_->step_limit = settings.step_limit;
}

Session::~Session() {
  for (Bound& b : bound_) context_->release(b.copy);
  for (Tied& s : states_) {
    context_->release(s.now);
    context_->release(s.next);
  }
  for (auto& [value, block] : staged_) context_->release(block);
}

Status Session::open(std::shared_ptr<const Model> model, const Settings& settings,
                     std::unique_ptr<Session>& out) {
  std::vector<std::unique_ptr<Backend>> backends;
  EDGERT_TRY(open_devices(settings, backends));
  int32_t graph = 0, entry = 0;
  EDGERT_TRY(find_entry(*model, settings.entry, graph, entry));
  std::unique_ptr<Session> session(new Session(std::move(model), std::move(backends), settings));
  Context& context = *session->context_;
  const Backend* device = context.device_count() > 1 ? &context.backend(1) : nullptr;
  EDGERT_TRY(place_nodes(context.model(), graph, context.backend(kHost), device, settings.strict,
                         context.placement));
  EDGERT_TRY(session->prepare(entry));
  out = std::move(session);
  return {};
}

Status Session::clone(std::unique_ptr<Session>& out) {
  std::vector<std::unique_ptr<Backend>> backends(static_cast<size_t>(context_->device_count()));
  for (int d = 0; d < context_->device_count(); d++)
    EDGERT_TRY(context_->backend(d).clone(backends[static_cast<size_t>(d)]));
  int32_t graph = 0, entry = 0;
  EDGERT_TRY(find_entry(model(), settings_.entry, graph, entry));
  std::unique_ptr<Session> session(new Session(context_->shared_model(), std::move(backends), settings_));
  session->context_->placement = context_->placement;
  EDGERT_TRY(session->prepare(entry));
  out = std::move(session);
  return {};
}

Status Session::prepare(int32_t entry) {
  entry_ = entry;
  const Model& model = context_->model();
  frame_ = std::make_unique<Frame>(*context_, model.entries[static_cast<size_t>(entry)].graph);
  std::vector<uint8_t> is_state(graph().inputs.size(), 0);
  for (const State& s : model.states) {
    if (s.entry != entry) continue;
    if (is_state[static_cast<size_t>(s.input)]++)
      return error(EDGERT_ERROR_FORMAT, "load: input %d is two states", s.input);
    Tied tied;
    tied.input = static_cast<size_t>(s.input);
    tied.output = static_cast<size_t>(s.output);
    tied.initial = s.initial;
    states_.push_back(std::move(tied));
  }
  for (size_t i = 0; i < is_state.size(); i++)
    if (!is_state[i]) inputs_.push_back(i);
  bound_.resize(inputs_.size());
  output_values_.resize(graph().outputs.size());
  for (const auto* list : {&graph().inputs, &graph().outputs})
    for (int32_t v : *list) {
      const Value& value = graph().values[static_cast<size_t>(v)];
      spec_texts_[&value] = texts_of(value);
    }
  return {};
}

Session::SpecTexts Session::texts_of(const Value& value) const {
  SpecTexts texts;
  std::string all;
  for (int32_t d : value.dims) {
    texts.dims.push_back(expr_text(model(), d));
    all += (all.empty() ? "" : ", ") + texts.dims.back();
  }
  texts.type = value.type_text.empty() ? dtype_name(value.dtype) + ("[" + all) + "]" : value.type_text;
  return texts;
}

void Session::spec(const Value& value, edgert_spec& given) const {
  edgert_spec out{};
  out.size = given.size;
  out.dtype = value.dtype;
  out.rank = static_cast<int32_t>(value.dims.size());
  out.name = value.name.c_str();
  const SpecTexts& texts = spec_texts_.at(&value);
  out.type = texts.type.c_str();
  for (size_t i = 0; i < value.dims.size(); i++) {
    const Expr& e = model().exprs[static_cast<size_t>(value.dims[i])];
    out.dims[i] = e.code == ExprCode::kConst ? e.value : -1;
    out.dim_texts[i] = texts.dims[i].c_str();
  }
  std::memcpy(&given, &out, std::min<size_t>(given.size, sizeof out));
}

Status Session::check_tensor(const char* what, const Value& value, const edgert_tensor& tensor,
                             bool has_data) const {
  const char* name = value.name.c_str();
  if (is_container(value.dtype))
    return error(EDGERT_ERROR_ARGUMENT, "%s '%s' is %s, expected a call for values of any kind", what, name,
                 value.type_text.c_str());
  if (tensor.dtype != value.dtype)
    return error(EDGERT_ERROR_ARGUMENT, "%s '%s' is %s, expected %s", what, name, dtype_name(tensor.dtype),
                 dtype_name(value.dtype));
  if (tensor.rank != static_cast<int32_t>(value.dims.size()))
    return error(EDGERT_ERROR_ARGUMENT, "%s '%s' has rank %d, expected %zu", what, name, tensor.rank,
                 value.dims.size());
  const std::span dims(tensor.dims, static_cast<size_t>(tensor.rank));
  int64_t elements, bytes;
  if (!product(dims, elements) || !multiply(elements, static_cast<int64_t>(item_size(value.dtype)), bytes))
    return error(EDGERT_ERROR_ARGUMENT, "%s '%s' has size %s", what, name, shape_text(dims).c_str());
  if (has_data && (tensor.bytes < static_cast<uint64_t>(bytes) || (bytes && !tensor.data)))
    return error(EDGERT_ERROR_ARGUMENT, "%s '%s' %s needs %lld bytes, got %llu", what, name,
                 shape_text(dims).c_str(), static_cast<long long>(bytes),
                 static_cast<unsigned long long>(tensor.data ? tensor.bytes : 0));
  if (has_data && value.dtype == EDGERT_STRING) return check_strings(name, tensor.data, elements);
  return {};
}

Status Session::set_input(size_t index, const edgert_tensor& tensor) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  EDGERT_TRY(check_tensor("input", input(index), tensor, true));
  Bound& b = bound_[index];
  b.tensor = tensor;
  b.given = true;
  b.on_device = false;
  b.value.reset();
  return {};
}

Status Session::set_input_value(size_t index, const Object* value) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  const Value& v = input(index);
  edgert_tensor tensor{};
  if (is_container(v.dtype)) {
    if (std::string why = misfit(v.type, value); !why.empty())
      return {EDGERT_ERROR_ARGUMENT, "input '" + v.name + "' " + why};
  } else {
    if (!value || is_container(value->dtype))
      return error(EDGERT_ERROR_ARGUMENT, "input '%s' is %s, expected %s", v.name.c_str(),
                   object_text(value).c_str(), spec_texts_.at(&v).type.c_str());
    describe_tensor(*value, tensor);
    EDGERT_TRY(check_tensor("input", v, tensor, true));
  }
  Bound& b = bound_[index];
  EDGERT_TRY(ValueRef::of(value, b.value));
  if (b.value.get() && !is_container(v.dtype)) describe_tensor(*b.value.get(), tensor);
  b.tensor = tensor;
  b.handle = reinterpret_cast<uintptr_t>(b.value.get());
  b.given = true;
  b.on_device = false;
  return {};
}

Status Session::set_input_device(size_t index, const edgert_tensor& shape, Memory memory) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  if (context_->device_count() < 2)
    return error(EDGERT_ERROR_ARGUMENT, "input '%s': the session runs on the CPU", input(index).name.c_str());
  EDGERT_TRY(check_tensor("input", input(index), shape, false));
  if (holds_pointers(input(index).dtype))
    return error(EDGERT_ERROR_ARGUMENT, "input '%s': strings cannot be in a device's memory",
                 input(index).name.c_str());
  Bound& b = bound_[index];
  b.tensor = shape;
  b.memory = memory;
  b.given = b.on_device = true;
  return {};
}

Status Session::set_output(size_t index, const edgert_tensor* tensor) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  if (!tensor) {
    frame_->set_output(static_cast<int32_t>(index), nullptr, {});
    return {};
  }
  const Value& value = output(index);
  if (holds_pointers(value.dtype))
    return error(EDGERT_ERROR_ARGUMENT,
                 "output '%s' is %s, which cannot be written to the caller's memory: read it after the run",
                 value.name.c_str(), dtype_name(value.dtype));
  EDGERT_TRY(check_tensor("output", value, *tensor, true));
  if (reinterpret_cast<uintptr_t>(tensor->data) % item_size(value.dtype) != 0)
    return error(EDGERT_ERROR_ARGUMENT, "output '%s': its memory is not aligned to its elements",
                 value.name.c_str());
  frame_->set_output(static_cast<int32_t>(index), tensor->data,
                     std::span(tensor->dims, static_cast<size_t>(tensor->rank)));
  return {};
}

Status Session::reserve(Block& block, uint64_t bytes, const char* what) {
  bool moved = false;
  if (block.memory.handle && block.bytes >= bytes) return {};
  return context_->reserve(block, bytes, what, moved);
}

// Gives an input to the frame; copies it where kernels could not read it in place.
Status Session::hand_over(size_t index) {
  Bound& b = bound_[index];
  const Value& value = input(index);
  const auto position = static_cast<int32_t>(inputs_[index]);
  if (!b.given) return error(EDGERT_ERROR_ARGUMENT, "input '%s' is not set", value.name.c_str());
  if (is_container(value.dtype)) {
    frame_->set_input(position, {&b.handle, 0}, {});
    return {};
  }
  const std::span dims(b.tensor.dims, static_cast<size_t>(b.tensor.rank));
  int64_t elements = 0;
  product(dims, elements);
  const uint64_t bytes = static_cast<uint64_t>(elements) * item_size(value.dtype);
  if (b.on_device) {
    const auto& places = context_->placement[static_cast<size_t>(&graph() - model().graphs.data())].nodes;
    bool on_host = value.escapes;
    for (size_t n = 0; n < graph().nodes.size(); n++)
      for (int32_t v : graph().nodes[n].inputs)
        on_host |=
            v >= 0 && places[n].device == kHost && !graph().nodes[n].is_alias() &&
            &graph().values[static_cast<size_t>(graph().values[static_cast<size_t>(v)].root)] == &value;
    if (!on_host) {
      frame_->set_input(position, b.memory, dims, 1);
      return {};
    }
    EDGERT_TRY(reserve(b.copy, bytes, value.name.c_str()));
    EDGERT_TRY(context_->backend(1).download(b.copy.memory.handle, b.memory, bytes));
    frame_->set_input(position, b.copy.memory, dims);
    return {};
  }
  if (reinterpret_cast<uintptr_t>(b.tensor.data) % item_size(value.dtype) != 0) {
    EDGERT_TRY(reserve(b.copy, bytes, value.name.c_str()));
    std::memcpy(b.copy.memory.handle, b.tensor.data, bytes);
    frame_->set_input(position, b.copy.memory, dims);
    return {};
  }
  frame_->set_input(position, {b.tensor.data, 0}, dims);
  return {};
}

Status Session::run() {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  has_result_ = false;  // what the last run made is gone
  context_->cancelled = false;
  context_->steps = 0;
  context_->heap().clear();
  for (size_t i = 0; i < inputs_.size(); i++) EDGERT_TRY(hand_over(i));
  for (Tied& s : states_) {
    if (!s.started) EDGERT_TRY(start_state(s));
    frame_->set_input(static_cast<int32_t>(s.input), s.now.memory, s.dims);
  }
  Status status;
  {
    const ThreadsAwake awake(context_->threads);
    status = frame_->run();
  }
  // After a failure too: what was enqueued before it may still read the caller's memory.
  for (int d = 1; d < context_->device_count(); d++) {
    Status finished = context_->backend(d).finish();
    if (status.ok()) status = std::move(finished);
  }
  EDGERT_TRY(status);
  for (Tied& s : states_) EDGERT_TRY(store_state(s));
  for (Tied& s : states_) {
    const auto dims = frame_->dims(graph().outputs[s.output]);
    s.dims.assign(dims.begin(), dims.end());
    std::swap(s.now, s.next);
    std::swap(s.now_heap, s.next_heap);
  }
  has_result_ = true;
  return {};
}

Status Session::reset() {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  for (Tied& s : states_) s.started = false;
  return {};
}

void Session::shape_of(int32_t value, edgert_tensor& out) const {
  const auto dims = frame_->dims(value);
  const uint32_t size = out.size;
  out = {};
  out.size = size;
  out.dtype = graph().values[static_cast<size_t>(value)].dtype;
  out.rank = static_cast<int32_t>(dims.size());
  std::ranges::copy(dims, out.dims);
  out.bytes = frame_->bytes(value);
}

Status Session::view(int32_t value, edgert_tensor& out) {
  const Value& v = graph().values[static_cast<size_t>(value)];
  if (is_container(v.dtype))
    return error(EDGERT_ERROR_ARGUMENT, "'%s' is %s, not a tensor: only outputs of that kind can be read",
                 v.name.c_str(), v.type_text.c_str());
  shape_of(value, out);
  int device;
  Memory memory = frame_->locate(value, device);
  if (!memory.handle && out.bytes)
    return error(EDGERT_ERROR_ARGUMENT, "'%s' was not kept: call keep_values before the run", v.name.c_str());
  if (device != kHost) {
    Block& staged = staged_[value];
    EDGERT_TRY(reserve(staged, out.bytes, v.name.c_str()));
    EDGERT_TRY(context_->backend(device).download(staged.memory.handle, memory, out.bytes));
    memory = staged.memory;
  }
  out.data = static_cast<uint8_t*>(memory.handle) + memory.offset;
  return {};
}

Status Session::get_output(size_t index, edgert_tensor& out) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  if (!has_result_)
    return error(EDGERT_ERROR_ARGUMENT, "output '%s': no run has finished", output(index).name.c_str());
  return view(graph().outputs[index], out);
}

Status Session::get_output_value(size_t index, const Object*& out) {
  const int32_t dtype = output(index).dtype;
  out = nullptr;
  if (!is_container(dtype)) {
    edgert_tensor tensor{};
    EDGERT_TRY(get_output(index, tensor));
    Object& object = output_values_[index];
    object.dtype = tensor.dtype;
    object.rank = tensor.rank;
    std::ranges::copy(tensor.dims, object.dims);
    object.data = tensor.data;
    out = &object;
    return {};
  }
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  if (!has_result_)
    return error(EDGERT_ERROR_ARGUMENT, "output '%s': no run has finished", output(index).name.c_str());
  uint64_t handle = 0;
  EDGERT_TRY(frame_->read(graph().outputs[index], &handle, sizeof handle));
  out = content(reinterpret_cast<const Object*>(static_cast<uintptr_t>(handle)), dtype);
  return {};
}

Status Session::get_output_device(size_t index, edgert_tensor& shape, Memory& memory) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  const Value& value = output(index);
  const int32_t number = graph().outputs[index];
  if (!has_result_)
    return error(EDGERT_ERROR_ARGUMENT, "output '%s': no run has finished", value.name.c_str());
  int device;
  memory = frame_->locate(number, device);
  if (device == kHost)
    return error(EDGERT_ERROR_UNSUPPORTED, "output '%s' is in the host's memory", value.name.c_str());
  shape_of(number, shape);
  return {};
}

Status Session::describe(const char*& json) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  described_ = description();
  json = described_.c_str();
  return {};
}

Status Session::profile(bool on) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  context_->profiling = on;
  frame_->clear_times();
  return {};
}

Status Session::keep_values(bool keep) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  if (keep == context_->keep_values) return {};
  context_->keep_values = keep;
  frame_->clear_plans();
  return {};
}

Status Session::get_named(size_t index, edgert_tensor& out) {
  Lock lock(*this);
  EDGERT_TRY(lock.status());
  const SourceName& name = graph().names[index];
  if (!has_result_) return error(EDGERT_ERROR_ARGUMENT, "value '%s': no run has finished", name.name.c_str());
  if (name.value < 0)
    return error(EDGERT_ERROR_ARGUMENT, "value '%s' was fused into '%s'", name.name.c_str(),
                 name.absorbed_by.c_str());
  const Value& v = graph().values[static_cast<size_t>(name.value)];
  if (v.constant >= 0) {
    const auto& form = model().constants[static_cast<size_t>(v.constant)].forms[static_cast<size_t>(v.form)];
    if (form.kind != "plain")
      return error(EDGERT_ERROR_UNSUPPORTED, "value '%s' is a constant stored as %s", name.name.c_str(),
                   form.kind.c_str());
  }
  return view(name.value, out);
}

Status Session::reference(size_t index, bool is_output, size_t position, edgert_tensor& out) const {
  const Reference& r = model().references[index];
  const int32_t number = is_output ? r.outputs[position] : r.inputs[inputs_[position]];
  const Constant& c = model().constants[static_cast<size_t>(number)];
  const uint32_t size = out.size;
  out = {};
  out.size = size;
  out.dtype = c.dtype;
  out.rank = static_cast<int32_t>(c.dims.size());
  std::ranges::copy(c.dims, out.dims);
  out.data = const_cast<uint8_t*>(c.forms[0].data);
  out.bytes = c.forms[0].bytes;
  return {};
}

}  // namespace edgert
