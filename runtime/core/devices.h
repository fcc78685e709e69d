// Making the backends; each is defined beside its backend.
#pragma once

#include <memory>
#include <string>

#include "core/backend.h"
#include "core/status.h"

namespace edgert {

struct CpuOptions {
  int32_t threads = 1;  // a parallel loop may use
  // Constants are copied to allocations of exactly their size, so that a sanitizer sees a kernel that reads
  // past one.
  bool exact = false;
  uint64_t plan_limit = UINT64_MAX;  // bytes that one node's plan may take
};
Status make_cpu_backend(const CpuOptions& options, std::unique_ptr<Backend>& out);
// {"device": "cpu", "name": ..., "isa": ..., "threads": n}
std::string cpu_device_json();
// The name of the ISA tier in use.
std::string cpu_isa();
Status register_cpu_kernel(const edgert_kernel* kernel);

struct OpenclOptions {
  int device = 0;           // index in the list of devices; -1: the first that is a GPU
  void* context = nullptr;  // an own cl_context and cl_command_queue, or null
  void* queue = nullptr;
};
Status make_opencl_backend(const OpenclOptions& options, std::unique_ptr<Backend>& out);
// A JSON list of {"device": "opencl:0", "name": ..., ...}; "[]" where there is none.
std::string opencl_devices_json();

// `text` as a JSON string, with its quotes.
std::string json_quoted(const std::string& text);

}  // namespace edgert
