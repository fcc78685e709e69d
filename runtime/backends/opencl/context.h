// An OpenCL context with one device and its compiled programs.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backends/opencl/api.h"
#include "backends/opencl/device.h"

namespace edgert::cl {

// A cl_kernel object of one planned node, so that arguments set at plan stay set.
class Kernel {
 public:
  Kernel() = default;
  Kernel(const Api& api, KernelId id) : api_(&api), id_(id) {}
  Kernel(Kernel&& other) noexcept : api_(other.api_), id_(other.id_) { other.id_ = nullptr; }
  Kernel& operator=(Kernel&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Kernel() {
    if (id_) api_->ReleaseKernel(id_);
  }
  KernelId id() const { return id_; }

 private:
  const Api* api_ = nullptr;
  KernelId id_ = nullptr;
};

// A buffer that holds a table made at plan.
class Table {
 public:
  Table(const Api& api, MemoryId id) : api_(&api), id_(id) {}
  Table(Table&& other) noexcept : api_(other.api_), id_(other.id_) { other.id_ = nullptr; }
  Table& operator=(Table&&) = delete;
  ~Table() {
    if (id_) api_->ReleaseMemObject(id_);
  }
  MemoryId id() const { return id_; }

 private:
  const Api* api_;
  MemoryId id_;
};

// Sessions of one process on the same device share a context, and so its programs.
class Context {
 public:
  // The shared context of `device`.
  static Status open(const Api& api, const Device& device, std::shared_ptr<Context>& out);
  // A context made by someone else, used with `device`.
  static Status wrap(const Api& api, ContextId id, const Device& device, std::shared_ptr<Context>& out);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Api& api() const { return api_; }
  const Device& device() const { return device_; }
  ContextId id() const { return id_; }

  // A new kernel object `name` of the program with this source, which is compiled at most once and not at
  // all when the disk cache has it. A failure is EDGERT_ERROR_DEVICE with the compiler's words.
  Status kernel(const std::string& source, const char* name, Kernel& out);

 private:
  Context(const Api& api, const Device& device, ContextId id) : api_(api), device_(device), id_(id) {}
  Status build(const std::string& source, ProgramId& program);
  ProgramId build_stored(const std::string& identity, const std::string& source);
  std::string binary_of(ProgramId program);
  std::string options() const;

  const Api& api_;
  const Device device_;
  ContextId id_;
  std::mutex mutex_;
  std::map<std::string, ProgramId> programs_;  // by source
};

}  // namespace edgert::cl
