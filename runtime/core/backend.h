// What the session needs from a device. One object per session and device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/node.h"
#include "core/status.h"
#include "edgert.h"

namespace edgert {

// A place in device memory: an address (CPU) or a cl_mem (OpenCL), and a byte offset into it.
struct Memory {
  void* handle = nullptr;
  uint64_t offset = 0;
};

// Where host memory is; null where there is none.
inline uint8_t* address(const Memory& memory) {
  return memory.handle ? static_cast<uint8_t*>(memory.handle) + memory.offset : nullptr;
}

class Heap;

// What a node's results are besides elements in memory that was planned for them.
struct Found {
  int64_t* counts = nullptr;  // sizes that the kernel finds
  void** memory = nullptr;    // by result: where one without planned memory lies, made in `heap`
  Heap* heap = nullptr;
};

// A node prepared for known shapes.
class Planned {
 public:
  virtual ~Planned() = default;
  uint64_t scratch_bytes = 0;
  edgert_lines lines{};  // multiple 0: it runs whole only
  double cost = 0;       // edgert_plan::cost
  std::string ways;      // that the kernel has here, split by spaces, the one taken first
};

struct PlanWish {
  bool alone = false;         // it will run on one thread
  const char* way = nullptr;  // edgert_plan::way
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  // A backend of its own for another session on the same device, sharing what was adopted.
  virtual Status clone(std::unique_ptr<Backend>& out) = 0;

  // Whether it can run the node; dims are -1 where they are not known yet. `why` gets the reason if not.
  virtual bool supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                        std::span<const edgert_operand> outputs, std::string& why) const = 0;

  // Shapes and attributes are known: check them, choose a kernel, ask for scratch.
  // The node, and every dims pointer, stay valid as long as `planned`.
  virtual Status plan(const edgert_node& node, std::span<const edgert_operand> inputs,
                      std::span<const edgert_operand> outputs, const PlanWish& wish,
                      std::unique_ptr<Planned>& planned) = 0;

  // Runs (or enqueues, in order) a planned node. Absent operands have a null handle, and so have results
  // without planned memory, which only the host's backend is given.
  virtual Status run(const Planned& planned, std::span<const Memory> inputs, std::span<const Memory> outputs,
                     Memory scratch, const Found& found) = 0;
  // Makes lines [begin, end) of the result of a node planned to run alone, on the calling thread. `memory`
  // has the operands, `input_count` of them, the results and the scratch. Several threads may be in here.
  virtual Status run_lines(const Planned& planned, std::span<const Memory> memory, size_t input_count,
                           int64_t begin, int64_t end) {
    (void)planned, (void)memory, (void)input_count, (void)begin, (void)end;
    return error(EDGERT_ERROR_INTERNAL, "this device does not run in parts");
  }

  virtual Status allocate(uint64_t bytes, Memory& memory) = 0;
  virtual void release(Memory memory) = 0;
  // Makes `bytes` bytes of constants at `data` (mapped from the file, alive as long as the backend)
  // readable by kernels; where memory is shared this copies nothing.
  virtual Status adopt(const void* data, uint64_t bytes, Memory& memory) = 0;
  // Both return when the copy is done; `download` waits for the work enqueued before it.
  virtual Status upload(Memory to, const void* from, uint64_t bytes) = 0;
  virtual Status download(void* to, Memory from, uint64_t bytes) = 0;
  virtual Status copy(Memory to, Memory from, uint64_t bytes) = 0;
  virtual Status finish() = 0;
  // Host-addressable: the core reads and writes its memory without upload and download.
  virtual bool is_host() const = 0;
};

}  // namespace edgert
