// The C ABI: checks of every handle and index, and the thread's last error.
#include <unistd.h>

#include <cstddef>
#include <new>
#include <string>

#include "core/api.h"
#include "core/devices.h"
#include "core/loader.h"
#include "core/threads.h"
#include "core/tuning.h"
#include "core/types.h"
#include "edgert.h"

using edgert::error;
using edgert::Session;
using edgert::Status;

using edgert::bad_argument;
using edgert::get;
using edgert::is_index;
using edgert::report;
using edgert::sized;

namespace {

thread_local std::string last_error;

}  // namespace

namespace edgert {

edgert_status report(const Status& status) {
  if (!status.ok()) last_error = status.text();
  return status.code();
}

edgert_status bad_argument(const char* function, const char* what) {
  return report(error(EDGERT_ERROR_ARGUMENT, "%s: %s", function, what));
}

Session* get(const edgert_session* handle, const char* function) {
  if (handle && handle->session) return handle->session.get();
  bad_argument(function, "the session is null or closed");
  return nullptr;
}

}  // namespace edgert

namespace {

Status read_options(const edgert_options* options, edgert::Settings& settings, bool& verify) {
  settings.threads = edgert::usable_cores();
  verify = false;
  if (!options) return {};
  if (options->size < offsetof(edgert_options, memory_budget))
    return error(EDGERT_ERROR_ARGUMENT, "load: options.size is %u, expected %zu", options->size,
                 sizeof(edgert_options));
  if (options->threads < 0 || options->threads > 256)
    return error(EDGERT_ERROR_ARGUMENT, "load: threads is %d, expected 0 to 256", options->threads);
  if (options->flags & ~(EDGERT_VERIFY | EDGERT_STRICT))
    return error(EDGERT_ERROR_ARGUMENT, "load: unknown flags %x", options->flags);
  verify = options->flags & EDGERT_VERIFY;
  settings.strict = options->flags & EDGERT_STRICT;
  if (options->device) settings.device = options->device;
  if (options->entry) settings.entry = options->entry;
  if (options->threads) settings.threads = options->threads;
  settings.memory_limit = options->memory_limit;
  settings.step_limit = options->step_limit;
  if (options->size >= offsetof(edgert_options, tuning)) settings.memory_budget = options->memory_budget;
  settings.cl_context = options->cl_context;
  settings.cl_queue = options->cl_queue;
  return {};
}

// What the file says that activations should fit; 0 where it says nothing.
uint64_t budget_of(const edgert::Model& model) {
  uint64_t bytes = 0;
  const std::string* text = model.metadata_of("memory_budget");
  return text && edgert::parse_number(*text, bytes) ? bytes : 0;
}

// The tuning that the options name, or that lies beside the model.
void find_tuning(const edgert_options* options, const char* path, edgert::Settings& settings) {
  const bool says = options && options->size >= sizeof(edgert_options) && options->tuning;
  if (says && !*options->tuning) return;
  std::string name = says ? options->tuning : path ? path + std::string(".tuning") : "";
  if (!says && (name.empty() || access(name.c_str(), F_OK) != 0)) return;
  auto tuning = std::make_shared<edgert::Tuning>();
  const Status status = edgert::read_tuning(name.c_str(), edgert::cpu_isa(), settings.threads, *tuning);
  settings.tuning_state = status.ok() ? "used" : status.text();
  if (status.ok()) settings.tuning = std::move(tuning);
}

// `path` is null where the model has none.
edgert_status finish_load(Status status, std::shared_ptr<const edgert::File> file, const char* path,
                          const edgert_options* options, edgert_session** out) {
  edgert::Settings settings;
  bool verify = false;
  std::shared_ptr<const edgert::Model> model;
  std::unique_ptr<Session> session;
  if (status.ok()) status = read_options(options, settings, verify);
  if (status.ok()) status = edgert::load_model(std::move(file), verify, model);
  if (status.ok()) find_tuning(options, path, settings);
  if (status.ok() && !settings.memory_budget) settings.memory_budget = budget_of(*model);
  if (status.ok()) status = Session::open(std::move(model), settings, session);
  if (status.ok()) *out = new (std::nothrow) edgert_session{std::move(session)};
  if (status.ok() && !*out) status = error(EDGERT_ERROR_MEMORY, "load: no memory");
  return report(status);
}

}  // namespace

extern "C" {

const char* edgert_version(void) { return EDGERT_VERSION; }
const char* edgert_last_error(void) { return last_error.c_str(); }

// ---- loading ----

edgert_status edgert_load_path(const char* path, const edgert_options* options, edgert_session** out) {
  if (!path || !out) return bad_argument("load_path", "path or out is null");
  *out = nullptr;
  std::shared_ptr<const edgert::File> file;
  Status status = edgert::File::open(path, file);
  return finish_load(status, std::move(file), path, options, out);
}

edgert_status edgert_load_memory(const void* data, size_t bytes, const edgert_options* options,
                                 edgert_session** out) {
  if ((!data && bytes) || !out) return bad_argument("load_memory", "data or out is null");
  *out = nullptr;
  std::shared_ptr<const edgert::File> file;
  Status status = edgert::File::copy(data, bytes, file);
  return finish_load(status, std::move(file), nullptr, options, out);
}

edgert_status edgert_load_fd(int fd, uint64_t offset, uint64_t bytes, const edgert_options* options,
                             edgert_session** out) {
  if (!out) return bad_argument("load_fd", "out is null");
  *out = nullptr;
  std::shared_ptr<const edgert::File> file;
  Status status = edgert::File::map(fd, offset, bytes, file);
  return finish_load(status, std::move(file), nullptr, options, out);
}

edgert_status edgert_clone(edgert_session* handle, edgert_session** out) {
  Session* session = get(handle, "clone");
  if (!session || !out) return out ? EDGERT_ERROR_ARGUMENT : bad_argument("clone", "out is null");
  *out = nullptr;
  std::unique_ptr<Session> copy;
  Status status = session->clone(copy);
  if (status.ok()) *out = new (std::nothrow) edgert_session{std::move(copy)};
  if (status.ok() && !*out) status = error(EDGERT_ERROR_MEMORY, "clone: no memory");
  return report(status);
}

void edgert_close(edgert_session* session) { delete session; }

// ---- inputs and outputs ----

int32_t edgert_input_count(const edgert_session* handle) {
  const Session* session = get(handle, "input_count");
  return session ? static_cast<int32_t>(session->input_count()) : 0;
}

int32_t edgert_output_count(const edgert_session* handle) {
  const Session* session = get(handle, "output_count");
  return session ? static_cast<int32_t>(session->output_count()) : 0;
}

edgert_status edgert_input_spec(const edgert_session* handle, int32_t index, edgert_spec* out) {
  const Session* session = get(handle, "input_spec");
  if (!session || !sized(out, "input_spec", offsetof(edgert_spec, type))) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->input_count())) return bad_argument("input_spec", "no such input");
  session->spec(session->input(static_cast<size_t>(index)), *out);
  return EDGERT_OK;
}

edgert_status edgert_output_spec(const edgert_session* handle, int32_t index, edgert_spec* out) {
  const Session* session = get(handle, "output_spec");
  if (!session || !sized(out, "output_spec", offsetof(edgert_spec, type))) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->output_count())) return bad_argument("output_spec", "no such output");
  session->spec(session->output(static_cast<size_t>(index)), *out);
  return EDGERT_OK;
}

edgert_status edgert_set_input(edgert_session* handle, int32_t index, const edgert_tensor* tensor) {
  Session* session = get(handle, "set_input");
  if (!session || !sized(tensor, "set_input")) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->input_count())) return bad_argument("set_input", "no such input");
  return report(session->set_input(static_cast<size_t>(index), *tensor));
}

edgert_status edgert_set_output(edgert_session* handle, int32_t index, const edgert_tensor* tensor) {
  Session* session = get(handle, "set_output");
  if (!session || (tensor && !sized(tensor, "set_output"))) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->output_count())) return bad_argument("set_output", "no such output");
  return report(session->set_output(static_cast<size_t>(index), tensor));
}

edgert_status edgert_run(edgert_session* handle) {
  Session* session = get(handle, "run");
  return session ? report(session->run()) : EDGERT_ERROR_ARGUMENT;
}

edgert_status edgert_get_output(edgert_session* handle, int32_t index, edgert_tensor* out) {
  Session* session = get(handle, "get_output");
  if (!session || !sized(out, "get_output")) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->output_count())) return bad_argument("get_output", "no such output");
  return report(session->get_output(static_cast<size_t>(index), *out));
}

edgert_status edgert_get_output_device(edgert_session* handle, int32_t index, edgert_tensor* shape,
                                       void** memory, uint64_t* offset) {
  Session* session = get(handle, "get_output_device");
  if (!session || !sized(shape, "get_output_device")) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->output_count()) || !memory || !offset)
    return bad_argument("get_output_device", "no such output, or a pointer is null");
  edgert::Memory found;
  Status status = session->get_output_device(static_cast<size_t>(index), *shape, found);
  *memory = found.handle;
  *offset = found.offset;
  return report(status);
}

edgert_status edgert_set_input_device(edgert_session* handle, int32_t index, const edgert_tensor* shape,
                                      void* memory, uint64_t offset) {
  Session* session = get(handle, "set_input_device");
  if (!session || !sized(shape, "set_input_device")) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->input_count()) || !memory)
    return bad_argument("set_input_device", "no such input, or its memory is null");
  return report(session->set_input_device(static_cast<size_t>(index), *shape, {memory, offset}));
}

void edgert_cancel(edgert_session* handle) {
  if (Session* session = get(handle, "cancel")) session->cancel();
}

edgert_status edgert_reset(edgert_session* handle) {
  Session* session = get(handle, "reset");
  return session ? report(session->reset()) : EDGERT_ERROR_ARGUMENT;
}

// ---- looking inside ----

edgert_status edgert_describe(edgert_session* handle, const char** json) {
  Session* session = get(handle, "describe");
  if (!session) return EDGERT_ERROR_ARGUMENT;
  if (!json) return bad_argument("describe", "json is null");
  return report(session->describe(*json));
}

edgert_status edgert_profile(edgert_session* handle, int32_t on) {
  Session* session = get(handle, "profile");
  return session ? report(session->profile(on != 0)) : EDGERT_ERROR_ARGUMENT;
}

edgert_status edgert_keep_values(edgert_session* handle, int32_t keep) {
  Session* session = get(handle, "keep_values");
  return session ? report(session->keep_values(keep != 0)) : EDGERT_ERROR_ARGUMENT;
}

int32_t edgert_name_count(const edgert_session* handle) {
  const Session* session = get(handle, "name_count");
  return session ? static_cast<int32_t>(session->graph().names.size()) : 0;
}

edgert_status edgert_name(const edgert_session* handle, int32_t index, const char** name,
                          const char** absorbed_by, int32_t* rank, uint8_t perm[EDGERT_MAX_RANK]) {
  const Session* session = get(handle, "name");
  if (!session) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->graph().names.size()) || !name || !absorbed_by || !rank || !perm)
    return bad_argument("name", "no such name, or a pointer is null");
  const edgert::SourceName& found = session->graph().names[static_cast<size_t>(index)];
  *name = found.name.c_str();
  *absorbed_by = found.value < 0 ? found.absorbed_by.c_str() : nullptr;
  *rank = 0;
  if (found.value < 0) return EDGERT_OK;
  *rank = static_cast<int32_t>(session->graph().values[static_cast<size_t>(found.value)].dims.size());
  for (int32_t i = 0; i < *rank; i++)
    perm[i] = found.perm.empty() ? static_cast<uint8_t>(i) : found.perm[static_cast<size_t>(i)];
  return EDGERT_OK;
}

edgert_status edgert_get_named(edgert_session* handle, int32_t index, edgert_tensor* out) {
  Session* session = get(handle, "get_named");
  if (!session || !sized(out, "get_named")) return EDGERT_ERROR_ARGUMENT;
  if (!is_index(index, session->graph().names.size())) return bad_argument("get_named", "no such name");
  return report(session->get_named(static_cast<size_t>(index), *out));
}

int32_t edgert_reference_count(const edgert_session* handle) {
  const Session* session = get(handle, "reference_count");
  return session ? static_cast<int32_t>(session->reference_count()) : 0;
}

edgert_status edgert_reference(edgert_session* handle, int32_t index, int32_t is_output, int32_t position,
                               edgert_tensor* out, double* tolerance, const char** source) {
  const Session* session = get(handle, "reference");
  if (!session || !sized(out, "reference")) return EDGERT_ERROR_ARGUMENT;
  const size_t positions = is_output ? session->output_count() : session->input_count();
  if (!is_index(index, session->reference_count()) || !is_index(position, positions) || !tolerance || !source)
    return bad_argument("reference", "no such reference or position, or a pointer is null");
  const edgert::Reference& found = session->model().references[static_cast<size_t>(index)];
  *tolerance = found.tolerance;
  *source = found.source.c_str();
  return report(
      session->reference(static_cast<size_t>(index), is_output != 0, static_cast<size_t>(position), *out));
}

const char* edgert_metadata(const edgert_session* handle, const char* key) {
  const Session* session = get(handle, "metadata");
  if (!session || !key) return nullptr;
  const std::string* found = session->model().metadata_of(key);
  return found ? found->c_str() : nullptr;
}

edgert_status edgert_devices(const char** json) {
  static thread_local std::string text;
  if (!json) return bad_argument("devices", "json is null");
  text = "[" + edgert::cpu_device_json();
#if defined(EDGERT_OPENCL)
  const std::string others = edgert::opencl_devices_json();
  if (others.size() > 2) text += ", " + others.substr(1, others.size() - 2);
#endif
  text += "]";
  *json = text.c_str();
  return EDGERT_OK;
}

// ---- kernels ----

const char* edgert_node_name(const edgert_node* node) { return node ? node->name.c_str() : ""; }
const char* edgert_node_op(const edgert_node* node) { return node ? node->op.c_str() : ""; }

const int64_t* edgert_node_ints(const edgert_node* node, const char* attribute, size_t* count) {
  const auto* found = node && attribute ? node->find(attribute) : nullptr;
  if (count) *count = found ? found->ints.size() : 0;
  return found && !found->ints.empty() ? found->ints.data() : nullptr;
}

const double* edgert_node_floats(const edgert_node* node, const char* attribute, size_t* count) {
  const auto* found = node && attribute ? node->find(attribute) : nullptr;
  if (count) *count = found ? found->floats.size() : 0;
  return found && !found->floats.empty() ? found->floats.data() : nullptr;
}

const char* edgert_node_string(const edgert_node* node, const char* attribute) {
  const auto* found = node && attribute ? node->find(attribute) : nullptr;
  return found && !found->strings.empty() ? found->strings[0].c_str() : nullptr;
}

edgert_status edgert_register_kernel(const edgert_kernel* kernel) {
  return report(edgert::register_cpu_kernel(kernel));
}

}  // extern "C"
