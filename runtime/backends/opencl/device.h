// OpenCL devices: what there is, and which one a session gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/opencl/api.h"

namespace edgert::cl {

struct Device {
  PlatformId platform = nullptr;
  DeviceId id = nullptr;
  std::string platform_name, name, vendor, version, driver, extensions;
  uint64_t type = 0;
  uint64_t max_allocation = 0, global_memory = 0, local_memory = 0;  // bytes
  uint32_t compute_units = 1;
  uint32_t native_floats = 1;  // floats in the preferred vector register; 1 on scalar devices
  size_t work_group = 1;       // work-items a group can have at most
  bool unified_memory = false;
  bool exact_divide = false;  // division and square root can be correctly rounded
  bool fp64 = false;

  bool is_cpu() const { return (type & kDeviceTypeCpu) != 0; }
  // A real GPU: not a processor, a simulator or a software renderer that says it is one.
  bool is_gpu() const;
  bool has(const char* extension) const;
};

// Every available device with a compiler, in platform order: the order of "opencl:0", "opencl:1", ...
Status list_devices(const Api& api, std::vector<Device>& devices);
// Fills everything of `device` from its id. EDGERT_ERROR_DEVICE where the driver does not answer.
Status describe_device(const Api& api, DeviceId id, Device& device);
// Device `index` of list_devices, or with -1 the first real GPU. The error names the devices there are.
Status choose_device(const Api& api, int index, Device& device);

}  // namespace edgert::cl
