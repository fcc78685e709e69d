#include "backends/opencl/api.h"

#include <cstdlib>
#include <vector>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace edgert::cl {
namespace {

#if defined(_WIN32)
void* open_library(const char* path) { return reinterpret_cast<void*>(LoadLibraryA(path)); }
void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
std::string open_error() { return "error " + std::to_string(GetLastError()); }
const char* const kNames[] = {"OpenCL.dll"};
#else
void* open_library(const char* path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
void* find_symbol(void* library, const char* name) { return dlsym(library, name); }
std::string open_error() {
  const char* text = dlerror();
  return text ? text : "unknown error";
}
#if defined(__APPLE__)
const char* const kNames[] = {"/System/Library/Frameworks/OpenCL.framework/OpenCL"};
#elif defined(__ANDROID__)
const char* const kNames[] = {"libOpenCL.so",
                              "/vendor/lib64/libOpenCL.so",
                              "/vendor/lib/libOpenCL.so",
                              "/system/vendor/lib64/libOpenCL.so",
                              "libPVROCL.so",
                              "libGLES_mali.so"};
#else
const char* const kNames[] = {"libOpenCL.so.1", "libOpenCL.so"};
#endif
#endif

struct Loaded {
  Api api;
  std::string failure;  // empty: loaded
};

std::string resolve(void* library, Api& api) {
#define EDGERT_CL_RESOLVE(result, name, parameters)                                  \
  api.name = reinterpret_cast<decltype(api.name)>(find_symbol(library, "cl" #name)); \
  if (!api.name) return api.path + " has no cl" #name ", expected an OpenCL 1.2 library";
  EDGERT_CL_FUNCTIONS(EDGERT_CL_RESOLVE)
#undef EDGERT_CL_RESOLVE
  return {};
}

Loaded load_library() {
  Loaded loaded;
  std::vector<std::string> names(std::begin(kNames), std::end(kNames));
  const char* chosen = std::getenv("EDGERT_OPENCL_LIBRARY");
  if (chosen && *chosen) names = {chosen};
  std::string tried;
  for (const std::string& name : names) {
    void* library = open_library(name.c_str());
    if (!library) {
      tried += (tried.empty() ? "" : "; ") + open_error();
      continue;
    }
    loaded.api.path = name;
    loaded.failure = resolve(library, loaded.api);
    return loaded;
  }
  loaded.failure = "no OpenCL library (" + tried +
                   "); install a driver with its ICD loader, or set "
                   "EDGERT_OPENCL_LIBRARY to the library's path";
  return loaded;
}

}  // namespace

Status load(const Api*& api) {
  static const Loaded* const loaded = new Loaded(load_library());
  if (!loaded->failure.empty()) return error(EDGERT_ERROR_DEVICE, "opencl: %s", loaded->failure.c_str());
  api = &loaded->api;
  return {};
}

std::string error_text(int32_t code) {
  const char* name = nullptr;
  switch (code) {
    case kDeviceNotFound: name = "CL_DEVICE_NOT_FOUND"; break;
    case -2: name = "CL_DEVICE_NOT_AVAILABLE"; break;
    case -3: name = "CL_COMPILER_NOT_AVAILABLE"; break;
    case kMemoryAllocationFailure: name = "CL_MEM_OBJECT_ALLOCATION_FAILURE"; break;
    case kOutOfResources: name = "CL_OUT_OF_RESOURCES"; break;
    case kOutOfHostMemory: name = "CL_OUT_OF_HOST_MEMORY"; break;
    case kBuildProgramFailure: name = "CL_BUILD_PROGRAM_FAILURE"; break;
    case -30: name = "CL_INVALID_VALUE"; break;
    case -34: name = "CL_INVALID_CONTEXT"; break;
    case -36: name = "CL_INVALID_COMMAND_QUEUE"; break;
    case -38: name = "CL_INVALID_MEM_OBJECT"; break;
    case -46: name = "CL_INVALID_KERNEL_NAME"; break;
    case -51: name = "CL_INVALID_ARG_SIZE"; break;
    case -52: name = "CL_INVALID_KERNEL_ARGS"; break;
    case -54: name = "CL_INVALID_WORK_GROUP_SIZE"; break;
    case kInvalidBufferSize: name = "CL_INVALID_BUFFER_SIZE"; break;
    case kPlatformNotFound: name = "CL_PLATFORM_NOT_FOUND_KHR"; break;
    default: return "OpenCL error " + std::to_string(code);
  }
  return std::string(name) + " (" + std::to_string(code) + ")";
}

Status check(int32_t code, const char* what) {
  if (code == kSuccess) return {};
  const bool memory = code == kMemoryAllocationFailure || code == kOutOfResources ||
                      code == kOutOfHostMemory || code == kInvalidBufferSize;
  return error(memory ? EDGERT_ERROR_MEMORY : EDGERT_ERROR_DEVICE, "opencl: %s: %s", what,
               error_text(code).c_str());
}

}  // namespace edgert::cl
