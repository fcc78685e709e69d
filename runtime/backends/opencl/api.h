// The OpenCL entry points and constants that the backend uses, loaded at run time. Declared here, so that
// neither OpenCL headers nor a library are needed to build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/status.h"

#if defined(_WIN32) && !defined(_WIN64)
#define EDGERT_CL_CALL __stdcall
#else
#define EDGERT_CL_CALL
#endif

namespace edgert::cl {

struct PlatformObject;
struct DeviceObject;
struct ContextObject;
struct QueueObject;
struct MemoryObject;
struct ProgramObject;
struct KernelObject;
struct EventObject;
using PlatformId = PlatformObject*;
using DeviceId = DeviceObject*;
using ContextId = ContextObject*;
using QueueId = QueueObject*;
using MemoryId = MemoryObject*;
using ProgramId = ProgramObject*;
using KernelId = KernelObject*;
using EventId = EventObject*;

constexpr int32_t kSuccess = 0;
constexpr int32_t kDeviceNotFound = -1;
constexpr int32_t kMemoryAllocationFailure = -4;
constexpr int32_t kOutOfResources = -5;
constexpr int32_t kOutOfHostMemory = -6;
constexpr int32_t kBuildProgramFailure = -11;
constexpr int32_t kInvalidBufferSize = -61;
constexpr int32_t kPlatformNotFound = -1001;

constexpr uint64_t kDeviceTypeCpu = 1u << 1, kDeviceTypeGpu = 1u << 2, kDeviceTypeAccelerator = 1u << 3;
constexpr uint64_t kDeviceTypeAll = 0xFFFFFFFFu;
constexpr uint64_t kMemoryReadWrite = 1u << 0, kMemoryReadOnly = 1u << 2;
constexpr uint64_t kMemoryUseHostPointer = 1u << 3, kMemoryCopyHostPointer = 1u << 5;

// Parameter names of the clGet...Info functions.
constexpr uint32_t kPlatformVersion = 0x0901, kPlatformName = 0x0902;
constexpr uint32_t kDeviceType = 0x1000, kDeviceComputeUnits = 0x1002, kDeviceWorkGroupSize = 0x1004;
constexpr uint32_t kDeviceMaxAllocation = 0x1010, kDeviceGlobalMemory = 0x101F, kDeviceLocalMemory = 0x1023;
constexpr uint32_t kDeviceAvailable = 0x1027, kDeviceCompilerAvailable = 0x1028;
constexpr uint32_t kDeviceName = 0x102B, kDeviceVendor = 0x102C, kDriverVersion = 0x102D;
constexpr uint32_t kDeviceVersion = 0x102F, kDeviceExtensions = 0x1030, kDevicePlatform = 0x1031;
constexpr uint32_t kDeviceUnifiedMemory = 0x1035, kDeviceNativeFloats = 0x103A;
constexpr uint32_t kContextDevices = 0x1081;
constexpr uint32_t kQueueContext = 0x1090, kQueueDevice = 0x1091;
constexpr uint32_t kProgramBinarySizes = 0x1165, kProgramBinaries = 0x1166;
constexpr uint32_t kBuildLog = 0x1183;
constexpr uint32_t kKernelWorkGroupSize = 0x11B0;

// result, name, parameters
#define EDGERT_CL_FUNCTIONS(X)                                                                             \
  X(int32_t, GetPlatformIDs, (uint32_t, PlatformId*, uint32_t*))                                           \
  X(int32_t, GetPlatformInfo, (PlatformId, uint32_t, size_t, void*, size_t*))                              \
  X(int32_t, GetDeviceIDs, (PlatformId, uint64_t, uint32_t, DeviceId*, uint32_t*))                         \
  X(int32_t, GetDeviceInfo, (DeviceId, uint32_t, size_t, void*, size_t*))                                  \
  X(ContextId, CreateContext,                                                                              \
    (const intptr_t*, uint32_t, const DeviceId*, void (*)(const char*, const void*, size_t, void*), void*, \
     int32_t*))                                                                                            \
  X(int32_t, GetContextInfo, (ContextId, uint32_t, size_t, void*, size_t*))                                \
  X(int32_t, RetainContext, (ContextId))                                                                   \
  X(int32_t, ReleaseContext, (ContextId))                                                                  \
  X(QueueId, CreateCommandQueue, (ContextId, DeviceId, uint64_t, int32_t*))                                \
  X(int32_t, GetCommandQueueInfo, (QueueId, uint32_t, size_t, void*, size_t*))                             \
  X(int32_t, RetainCommandQueue, (QueueId))                                                                \
  X(int32_t, ReleaseCommandQueue, (QueueId))                                                               \
  X(MemoryId, CreateBuffer, (ContextId, uint64_t, size_t, void*, int32_t*))                                \
  X(int32_t, ReleaseMemObject, (MemoryId))                                                                 \
  X(int32_t, EnqueueReadBuffer,                                                                            \
    (QueueId, MemoryId, uint32_t, size_t, size_t, void*, uint32_t, const EventId*, EventId*))              \
  X(int32_t, EnqueueWriteBuffer,                                                                           \
    (QueueId, MemoryId, uint32_t, size_t, size_t, const void*, uint32_t, const EventId*, EventId*))        \
  X(int32_t, EnqueueCopyBuffer,                                                                            \
    (QueueId, MemoryId, MemoryId, size_t, size_t, size_t, uint32_t, const EventId*, EventId*))             \
  X(ProgramId, CreateProgramWithSource, (ContextId, uint32_t, const char**, const size_t*, int32_t*))      \
  X(ProgramId, CreateProgramWithBinary,                                                                    \
    (ContextId, uint32_t, const DeviceId*, const size_t*, const unsigned char**, int32_t*, int32_t*))      \
  X(int32_t, BuildProgram,                                                                                 \
    (ProgramId, uint32_t, const DeviceId*, const char*, void (*)(ProgramId, void*), void*))                \
  X(int32_t, GetProgramInfo, (ProgramId, uint32_t, size_t, void*, size_t*))                                \
  X(int32_t, GetProgramBuildInfo, (ProgramId, DeviceId, uint32_t, size_t, void*, size_t*))                 \
  X(int32_t, ReleaseProgram, (ProgramId))                                                                  \
  X(KernelId, CreateKernel, (ProgramId, const char*, int32_t*))                                            \
  X(int32_t, GetKernelWorkGroupInfo, (KernelId, DeviceId, uint32_t, size_t, void*, size_t*))               \
  X(int32_t, SetKernelArg, (KernelId, uint32_t, size_t, const void*))                                      \
  X(int32_t, ReleaseKernel, (KernelId))                                                                    \
  X(int32_t, EnqueueNDRangeKernel,                                                                         \
    (QueueId, KernelId, uint32_t, const size_t*, const size_t*, const size_t*, uint32_t, const EventId*,   \
     EventId*))                                                                                            \
  X(int32_t, Flush, (QueueId))                                                                             \
  X(int32_t, Finish, (QueueId))

struct Api {
#define EDGERT_CL_MEMBER(result, name, parameters) result(EDGERT_CL_CALL* name) parameters = nullptr;
  EDGERT_CL_FUNCTIONS(EDGERT_CL_MEMBER)
#undef EDGERT_CL_MEMBER
  std::string path;  // of the library that was loaded
};

// Loads the library at the first call: the file $EDGERT_OPENCL_LIBRARY if it is set (an ICD loader, or a
// driver that exports the entry points itself), else the system's libOpenCL. It is never unloaded.
// EDGERT_ERROR_DEVICE where there is none; the text says what was tried.
Status load(const Api*& api);

// "CL_OUT_OF_RESOURCES (-5)" for the common codes, else the number.
std::string error_text(int32_t code);
// EDGERT_OK for kSuccess; memory errors are EDGERT_ERROR_MEMORY, others EDGERT_ERROR_DEVICE.
Status check(int32_t code, const char* what);

}  // namespace edgert::cl
