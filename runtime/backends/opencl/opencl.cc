// The factory that the core calls.
#include "backends/opencl/backend.h"
#include "core/devices.h"

namespace edgert {
namespace {

std::string describe(const cl::Device& device, size_t index) {
  std::string text =
      "{\"device\": \"opencl:" + std::to_string(index) + "\", \"name\": " + json_quoted(device.name);
  text += ", \"type\": " + json_quoted(device.is_gpu() ? "gpu" : device.is_cpu() ? "cpu" : "other");
  text +=
      ", \"platform\": " + json_quoted(device.platform_name) + ", \"vendor\": " + json_quoted(device.vendor);
  text += ", \"version\": " + json_quoted(device.version) + ", \"driver\": " + json_quoted(device.driver);
  text += ", \"max_allocation\": " + std::to_string(device.max_allocation);
  text += ", \"memory\": " + std::to_string(device.global_memory);
  return text + ", \"extensions\": " + json_quoted(device.extensions) + "}";
}

// The device of a queue that the caller gave.
Status device_of(const cl::Api& api, cl::QueueId queue, cl::Device& device) {
  cl::DeviceId id = nullptr;
  EDGERT_TRY(cl::check(api.GetCommandQueueInfo(queue, cl::kQueueDevice, sizeof(id), &id, nullptr),
                       "asking the given queue for its device"));
  return cl::describe_device(api, id, device);
}

Status check_context(const cl::Api& api, cl::QueueId queue, cl::ContextId expected) {
  cl::ContextId found = nullptr;
  EDGERT_TRY(cl::check(api.GetCommandQueueInfo(queue, cl::kQueueContext, sizeof(found), &found, nullptr),
                       "asking the given queue for its context"));
  if (found != expected)
    return error(EDGERT_ERROR_ARGUMENT, "opencl: the given queue is not of the given context");
  return {};
}

}  // namespace

Status make_opencl_backend(const OpenclOptions& options, std::unique_ptr<Backend>& out) {
  const cl::Api* api = nullptr;
  EDGERT_TRY(cl::load(api));
  auto given_context = static_cast<cl::ContextId>(options.context);
  auto queue = static_cast<cl::QueueId>(options.queue);
  cl::Device device;
  std::shared_ptr<cl::Context> context;
  if (given_context || queue) {
    if (!given_context || !queue)
      return error(EDGERT_ERROR_ARGUMENT, "opencl: cl_context and cl_queue must be given together");
    EDGERT_TRY(check_context(*api, queue, given_context));
    EDGERT_TRY(device_of(*api, queue, device));
    EDGERT_TRY(cl::Context::wrap(*api, given_context, device, context));
    EDGERT_TRY(cl::check(api->RetainCommandQueue(queue), "taking the queue that was given"));
  } else {
    EDGERT_TRY(cl::choose_device(*api, options.device, device));
    EDGERT_TRY(cl::Context::open(*api, device, context));
    int32_t code = cl::kSuccess;
    queue = api->CreateCommandQueue(context->id(), device.id, 0, &code);
    EDGERT_TRY(cl::check(code, "making a queue"));
  }
  out = std::make_unique<cl::OpenclBackend>(std::move(context), queue, given_context != nullptr);
  return {};
}

std::string opencl_devices_json() {
  const cl::Api* api = nullptr;
  std::vector<cl::Device> devices;
  if (!cl::load(api).ok() || !cl::list_devices(*api, devices).ok()) return "[]";
  std::string text = "[";
  for (size_t i = 0; i < devices.size(); i++) text += (i ? ", " : "") + describe(devices[i], i);
  return text + "]";
}

}  // namespace edgert
