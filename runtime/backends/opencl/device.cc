#include "backends/opencl/device.h"

#include <algorithm>
#include <sstream>

namespace edgert::cl {
namespace {

constexpr uint32_t kDeviceSingleConfig = 0x101B;
constexpr uint64_t kCorrectlyRoundedDivide = 1u << 7;

template <class Get>
std::string text_of(Get get) {
  size_t bytes = 0;
  if (get(0, nullptr, &bytes) != kSuccess || bytes == 0) return {};
  std::string text(bytes, '\0');
  if (get(bytes, text.data(), nullptr) != kSuccess) return {};
  text.resize(std::find(text.begin(), text.end(), '\0') - text.begin());
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string device_text(const Api& api, DeviceId id, uint32_t parameter) {
  return text_of(
      [&](size_t n, void* to, size_t* size) { return api.GetDeviceInfo(id, parameter, n, to, size); });
}

template <class T>
T device_value(const Api& api, DeviceId id, uint32_t parameter, T otherwise) {
  T value = otherwise;
  return api.GetDeviceInfo(id, parameter, sizeof(T), &value, nullptr) == kSuccess ? value : otherwise;
}

std::vector<DeviceId> devices_of(const Api& api, PlatformId platform) {
  uint32_t count = 0;
  if (api.GetDeviceIDs(platform, kDeviceTypeAll, 0, nullptr, &count) != kSuccess) return {};
  std::vector<DeviceId> ids(count);
  if (count && api.GetDeviceIDs(platform, kDeviceTypeAll, count, ids.data(), nullptr) != kSuccess) return {};
  return ids;
}

}  // namespace

bool Device::has(const char* extension) const {
  std::istringstream words(extensions);
  for (std::string word; words >> word;)
    if (word == extension) return true;
  return false;
}

bool Device::is_gpu() const {
  if (!(type & kDeviceTypeGpu) || is_cpu()) return false;
  for (const char* software : {"llvmpipe", "softpipe", "SwiftShader", "Oclgrind", "pthread", "lavapipe"})
    if (name.find(software) != std::string::npos) return false;
  return true;
}

Status describe_device(const Api& api, DeviceId id, Device& device) {
  device = {};
  device.id = id;
  device.name = device_text(api, id, kDeviceName);
  if (device.name.empty()) return error(EDGERT_ERROR_DEVICE, "opencl: the device does not tell its name");
  device.platform = device_value<PlatformId>(api, id, kDevicePlatform, nullptr);
  device.platform_name = text_of([&](size_t n, void* to, size_t* size) {
    return api.GetPlatformInfo(device.platform, kPlatformName, n, to, size);
  });
  device.vendor = device_text(api, id, kDeviceVendor);
  device.version = device_text(api, id, kDeviceVersion);
  device.driver = device_text(api, id, kDriverVersion);
  device.extensions = device_text(api, id, kDeviceExtensions);
  device.type = device_value<uint64_t>(api, id, kDeviceType, 0);
  device.max_allocation = device_value<uint64_t>(api, id, kDeviceMaxAllocation, 0);
  device.global_memory = device_value<uint64_t>(api, id, kDeviceGlobalMemory, 0);
  device.local_memory = device_value<uint64_t>(api, id, kDeviceLocalMemory, 0);
  device.compute_units = std::max(1u, device_value<uint32_t>(api, id, kDeviceComputeUnits, 1));
  device.native_floats = std::max(1u, device_value<uint32_t>(api, id, kDeviceNativeFloats, 1));
  device.work_group = std::max<size_t>(1, device_value<size_t>(api, id, kDeviceWorkGroupSize, 1));
  device.unified_memory = device_value<uint32_t>(api, id, kDeviceUnifiedMemory, 0) != 0;
  device.exact_divide = device_value<uint64_t>(api, id, kDeviceSingleConfig, 0) & kCorrectlyRoundedDivide;
  device.fp64 = device.has("cl_khr_fp64");
  return {};
}

Status list_devices(const Api& api, std::vector<Device>& devices) {
  devices.clear();
  uint32_t count = 0;
  const int32_t code = api.GetPlatformIDs(0, nullptr, &count);
  if (code == kPlatformNotFound) return {};
  EDGERT_TRY(check(code, "listing the platforms"));
  std::vector<PlatformId> platforms(count);
  if (count) EDGERT_TRY(check(api.GetPlatformIDs(count, platforms.data(), nullptr), "listing the platforms"));
  for (PlatformId platform : platforms)
    for (DeviceId id : devices_of(api, platform)) {
      Device device;
      if (!describe_device(api, id, device).ok()) continue;
      if (!device_value<uint32_t>(api, id, kDeviceAvailable, 0)) continue;
      if (device_value<uint32_t>(api, id, kDeviceCompilerAvailable, 0)) devices.push_back(std::move(device));
    }
  return {};
}

Status choose_device(const Api& api, int index, Device& device) {
  std::vector<Device> devices;
  EDGERT_TRY(list_devices(api, devices));
  std::string names;
  for (size_t i = 0; i < devices.size(); i++) {
    if (index < 0 ? devices[i].is_gpu() : i == static_cast<size_t>(index)) {
      device = devices[i];
      return {};
    }
    names += (i ? ", " : "") + std::to_string(i) + ": " + devices[i].name;
  }
  if (names.empty())
    return error(EDGERT_ERROR_DEVICE, "opencl: %s lists no device, expected a driver to be installed",
                 api.path.c_str());
  if (index < 0) return error(EDGERT_ERROR_DEVICE, "opencl: no GPU, got %s", names.c_str());
  return error(EDGERT_ERROR_DEVICE, "opencl:%d: no such device, expected one of %s", index, names.c_str());
}

}  // namespace edgert::cl
