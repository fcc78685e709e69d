#include "backends/opencl/context.h"

#include <vector>

#include "backends/opencl/program_cache.h"

namespace edgert::cl {

namespace {

// The first line of a compiler's log that tells of an error, else its first line.
std::string first_error(const std::string& log) {
  const size_t found = log.find("error");
  const size_t start = found == std::string::npos ? 0 : log.rfind('\n', found) + 1;
  return log.substr(start, log.find_first_of(std::string("\n\0", 2), start) - start);
}

}  // namespace

Status Context::open(const Api& api, const Device& device, std::shared_ptr<Context>& out) {
  static std::mutex mutex;
  static auto& shared = *new std::map<DeviceId, std::weak_ptr<Context>>;
  std::lock_guard lock(mutex);
  if ((out = shared[device.id].lock())) return {};
  const intptr_t properties[] = {0x1084 /* CL_CONTEXT_PLATFORM */,
                                 reinterpret_cast<intptr_t>(device.platform), 0};
  int32_t code = kSuccess;
  ContextId id = api.CreateContext(properties, 1, &device.id, nullptr, nullptr, &code);
  EDGERT_TRY(check(code, ("making a context on " + device.name).c_str()));
  out.reset(new Context(api, device, id));
  shared[device.id] = out;
  return {};
}

Status Context::wrap(const Api& api, ContextId id, const Device& device, std::shared_ptr<Context>& out) {
  EDGERT_TRY(check(api.RetainContext(id), "taking the context that was given"));
  out.reset(new Context(api, device, id));
  return {};
}

Context::~Context() {
  for (auto& [source, program] : programs_) api_.ReleaseProgram(program);
  api_.ReleaseContext(id_);
}

std::string Context::options() const {
  return std::string("-cl-std=CL1.2") +
         (device_.exact_divide ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
}

Status Context::kernel(const std::string& source, const char* name, Kernel& out) {
  std::lock_guard lock(mutex_);
  auto found = programs_.find(source);
  if (found == programs_.end()) {
    ProgramId program = nullptr;
    EDGERT_TRY(build(source, program));
    found = programs_.emplace(source, program).first;
  }
  int32_t code = kSuccess;
  KernelId id = api_.CreateKernel(found->second, name, &code);
  EDGERT_TRY(check(code, name));
  out = Kernel(api_, id);
  return {};
}

Status Context::build(const std::string& source, ProgramId& program) {
  const std::string identity = device_.platform_name + "\n" + device_.name + "\n" + device_.version + "\n" +
                               device_.driver + "\n" + options() + "\n";
  if ((program = build_stored(identity, source))) return {};
  const char* text = source.c_str();
  int32_t code = kSuccess;
  program = api_.CreateProgramWithSource(id_, 1, &text, nullptr, &code);
  EDGERT_TRY(check(code, "making a program"));
  code = api_.BuildProgram(program, 1, &device_.id, options().c_str(), nullptr, nullptr);
  if (code != kSuccess) {
    std::string log(4096, '\0');
    api_.GetProgramBuildInfo(program, device_.id, kBuildLog, log.size() - 1, log.data(), nullptr);
    api_.ReleaseProgram(program);
    log = first_error(log);
    return error(EDGERT_ERROR_DEVICE, "opencl: %s does not compile a kernel: %s: %s", device_.name.c_str(),
                 error_text(code).c_str(), log.c_str());
  }
  const std::string binary = binary_of(program);
  if (!binary.empty()) store_program(identity, source, binary);
  return {};
}

ProgramId Context::build_stored(const std::string& identity, const std::string& source) {
  const std::string binary = load_program(identity, source);
  if (binary.empty()) return nullptr;
  const size_t bytes = binary.size();
  const auto* data = reinterpret_cast<const unsigned char*>(binary.data());
  int32_t code = kSuccess, status = kSuccess;
  ProgramId program = api_.CreateProgramWithBinary(id_, 1, &device_.id, &bytes, &data, &status, &code);
  if (code == kSuccess && status == kSuccess &&
      api_.BuildProgram(program, 1, &device_.id, options().c_str(), nullptr, nullptr) == kSuccess)
    return program;
  if (program) api_.ReleaseProgram(program);
  drop_program(identity, source);
  return nullptr;
}

// Empty where the driver gives none, or where the context has more than this device.
std::string Context::binary_of(ProgramId program) {
  size_t bytes = 0, answered = 0;
  if (api_.GetProgramInfo(program, kProgramBinarySizes, 0, nullptr, &answered) != kSuccess) return {};
  if (answered != sizeof(size_t)) return {};
  if (api_.GetProgramInfo(program, kProgramBinarySizes, sizeof(bytes), &bytes, nullptr) != kSuccess)
    return {};
  std::string binary(bytes, '\0');
  char* to = binary.data();
  if (api_.GetProgramInfo(program, kProgramBinaries, sizeof(to), &to, nullptr) != kSuccess) return {};
  return binary;
}

}  // namespace edgert::cl
