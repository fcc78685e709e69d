#include "backends/cpu/cpu_backend.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "backends/cpu/isa.h"
#include "backends/cpu/micro/map.h"
#include "core/devices.h"
#include "core/heap.h"
#include "core/threads.h"
#include "core/types.h"

namespace edgert {

#if !defined(EDGERT_KERNELS)
#define EDGERT_KERNELS "backends/cpu/kernels.def"
#endif
#define EDGERT_KERNEL(symbol) extern const edgert_kernel symbol;
#include EDGERT_KERNELS
#undef EDGERT_KERNEL

namespace {

constexpr size_t kErrorBytes = 512;
constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr size_t kMaxOperands = 1024;  // converted on the stack in `run`
constexpr size_t kFewOperands = 24;
constexpr size_t kMaxLineOperands = 64;  // scratch included, of a node that runs in parts

const edgert_kernel* const kBuiltIn[] = {
#define EDGERT_KERNEL(symbol) &symbol,
#include EDGERT_KERNELS
#undef EDGERT_KERNEL
    nullptr};

// Those of a build of all operators, one after the other.
constexpr char kAllKernels[] =
#define EDGERT_KERNEL(symbol) #symbol "\0"
#include "backends/cpu/kernels.def"
#undef EDGERT_KERNEL
    ;

const char* why_no_kernel(const std::string& op) {
  for (const char* name = kAllKernels; *name; name += std::strlen(name) + 1)
    if (op + "_kernel" == name) return "the operator was left out of this build";
  return "no kernel of that name";
}

// What of a node's operands, results or programs was left out of this build; empty: nothing.
std::string find_left_out(const edgert_node& node, std::span<const edgert_operand> inputs,
                          std::span<const edgert_operand> outputs) {
  auto of_type = [](int32_t dtype) { return "elements of type " + std::string(dtype_name(dtype)); };
  for (const auto& operands : {inputs, outputs})
    for (const edgert_operand& operand : operands)
      if (operand.dtype && !is_built(operand.dtype)) return of_type(operand.dtype);
  for (const Attribute& attribute : node.attributes) {
    for (uint8_t dtype : attribute.program.operands)
      if (!is_built(dtype)) return of_type(dtype);
    for (const Instruction& i : attribute.program.code) {
      if (!is_built(i.dtype)) return of_type(i.dtype);
      if (!has_instruction(i.code)) return "instructions of code " + std::to_string(i.code);
    }
  }
  return {};
}

// Kernels registered by the program, the latest last.
struct Registry {
  std::mutex mutex;
  std::vector<const edgert_kernel*> kernels;
};

Registry& registry() {
  static auto* shared = new Registry();
  return *shared;
}

struct CpuPlanned : Planned {
  ~CpuPlanned() override {
    for (void* block : blocks) std::free(block);
  }
  const edgert_kernel* kernel = nullptr;
  void* state = nullptr;
  int32_t threads = 1;
  uint64_t room = 0;  // bytes it may still take
  std::vector<void*> blocks;
};

void* allocate_in_plan(edgert_plan* plan, size_t bytes) {
  auto& planned = *static_cast<CpuPlanned*>(plan->internal);
  void* block = nullptr;
  if (bytes > planned.room || posix_memalign(&block, 64, bytes ? bytes : 1) != 0) return nullptr;
  planned.room -= bytes;
  std::memset(block, 0, bytes);
  planned.blocks.push_back(block);
  return block;
}

void* allocate_in_run(const edgert_call* call, size_t bytes) {
  return call->internal ? static_cast<Heap*>(call->internal)->allocate(bytes) : nullptr;
}

void run_parallel(const edgert_call* call, int64_t n, ParallelBody body, void* argument) {
  parallel_for(call->threads, n, body, argument);
}

Status kernel_error(edgert_status code, const char* text) {
  return {code, *text ? text : "the kernel failed without saying why"};
}

}  // namespace

CpuBackend::~CpuBackend() {
  for (Memory memory : copies_) release(memory);
}

Status CpuBackend::clone(std::unique_ptr<Backend>& out) {
  out = std::make_unique<CpuBackend>(options_, custom_);
  return {};
}

const edgert_kernel* CpuBackend::find_kernel(const std::string& op) const {
  for (auto k = custom_.rbegin(); k != custom_.rend(); ++k)
    if (op == (*k)->op) return *k;
  for (const edgert_kernel* const* k = kBuiltIn; *k; k++)
    if (op == (*k)->op) return *k;
  return nullptr;
}

bool CpuBackend::supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                          std::span<const edgert_operand> outputs, std::string& why) const {
  const edgert_kernel* kernel = find_kernel(node.op);
  if (!kernel || inputs.size() + outputs.size() > kMaxOperands) {
    why = kernel ? "it has too many operands" : why_no_kernel(node.op);
    return false;
  }
  if (const std::string left_out = find_left_out(node, inputs, outputs); !left_out.empty()) {
    why = left_out + " were left out of this build";
    return false;
  }
  if (!kernel->supports) return true;
  char text[kErrorBytes] = "";
  const bool can = kernel->supports(&node, inputs.data(), static_cast<int32_t>(inputs.size()), outputs.data(),
                                    static_cast<int32_t>(outputs.size()), text, sizeof text);
  if (!can) why = text;
  return can;
}

Status CpuBackend::plan(const edgert_node& node, std::span<const edgert_operand> inputs,
                        std::span<const edgert_operand> outputs, const PlanWish& wish,
                        std::unique_ptr<Planned>& planned) {
  const edgert_kernel* kernel = find_kernel(node.op);
  if (!kernel) return error(EDGERT_ERROR_UNSUPPORTED, "%s", why_no_kernel(node.op));
  auto prepared = std::make_unique<CpuPlanned>();
  prepared->kernel = kernel;
  prepared->room = options_.plan_limit;

  char text[kErrorBytes] = "";
  edgert_plan plan{};
  plan.size = sizeof plan;
  plan.threads = prepared->threads = wish.alone ? 1 : options_.threads;
  plan.node = &node;
  plan.input_count = static_cast<int32_t>(inputs.size());
  plan.output_count = static_cast<int32_t>(outputs.size());
  plan.inputs = inputs.data();
  plan.outputs = outputs.data();
  plan.error = text;
  plan.error_bytes = sizeof text;
  plan.allocate = allocate_in_plan;
  plan.internal = prepared.get();
  plan.way = wish.way;
  if (edgert_status code = kernel->plan(&plan); code != EDGERT_OK) return kernel_error(code, text);
  prepared->state = plan.state;
  prepared->scratch_bytes = plan.scratch_bytes;
  if (inputs.size() + outputs.size() < kMaxLineOperands) prepared->lines = plan.lines;
  prepared->cost = plan.cost;
  if (plan.ways) prepared->ways = plan.ways;
  planned = std::move(prepared);
  return {};
}

// A call on operands and results that lie at `pointers`, whose errors go to `text`.
static edgert_call call_on(void** pointers, size_t input_count, void* scratch, int32_t threads,
                           char (&text)[kErrorBytes]) {
  text[0] = 0;
  edgert_call call{};
  call.size = sizeof call;
  call.threads = threads;
  call.inputs = pointers;
  call.outputs = pointers + input_count;
  call.scratch = scratch;
  call.error = text;
  call.error_bytes = sizeof text;
  call.parallel = run_parallel;
  call.allocate = allocate_in_run;
  return call;
}

Status CpuBackend::run(const Planned& planned, std::span<const Memory> inputs,
                       std::span<const Memory> outputs, Memory scratch, const Found& found) {
  const auto& prepared = static_cast<const CpuPlanned&>(planned);
  void* few[kFewOperands];
  const size_t total = inputs.size() + outputs.size();
  std::unique_ptr<void*[]> many(total > kFewOperands ? new (std::nothrow) void*[total] : nullptr);
  void** pointers = many ? many.get() : few;
  if (total > kFewOperands && !many) return error(EDGERT_ERROR_MEMORY, "no memory for its operands");
  for (size_t i = 0; i < inputs.size(); i++) pointers[i] = address(inputs[i]);
  for (size_t i = 0; i < outputs.size(); i++) pointers[inputs.size() + i] = address(outputs[i]);

  char text[kErrorBytes];
  edgert_call call = call_on(pointers, inputs.size(), address(scratch), prepared.threads, text);
  call.counts = found.counts;
  call.internal = found.heap;
  call.given = found.memory;
  edgert_status code = prepared.kernel->run(prepared.state, &call);
  return code == EDGERT_OK ? Status() : kernel_error(code, text);
}

Status CpuBackend::run_lines(const Planned& planned, std::span<const Memory> memory, size_t input_count,
                             int64_t begin, int64_t end) {
  const auto& prepared = static_cast<const CpuPlanned&>(planned);
  void* pointers[kMaxLineOperands];
  for (size_t i = 0; i < memory.size(); i++) pointers[i] = address(memory[i]);
  char text[kErrorBytes];
  edgert_call call = call_on(pointers, input_count, pointers[memory.size() - 1], 1, text);
  call.line_begin = begin;
  call.line_end = end;
  edgert_status code = prepared.kernel->run(prepared.state, &call);
  return code == EDGERT_OK ? Status() : kernel_error(code, text);
}

Status CpuBackend::allocate(uint64_t bytes, Memory& memory) {
  void* block = nullptr;
  const bool huge = bytes >= 2 * kHugePage && !options_.exact;
  if (posix_memalign(&block, huge ? kHugePage : 64, bytes ? bytes : 1) != 0)
    return error(EDGERT_ERROR_MEMORY, "cannot allocate %llu bytes", static_cast<unsigned long long>(bytes));
#if defined(MADV_HUGEPAGE)
  if (huge) madvise(block, bytes, MADV_HUGEPAGE);  // a wish: its failure does not matter
#endif
  memory = {block, 0};
  return {};
}

void CpuBackend::release(Memory memory) { std::free(memory.handle); }

Status CpuBackend::adopt(const void* data, uint64_t bytes, Memory& memory) {
  if (!options_.exact) {
    memory = {const_cast<void*>(data), 0};
    return {};
  }
  EDGERT_TRY(allocate(bytes, memory));
  copies_.push_back(memory);
  std::memcpy(memory.handle, data, bytes);
  return {};
}

Status CpuBackend::upload(Memory to, const void* from, uint64_t bytes) {
  if (bytes) std::memcpy(address(to), from, bytes);
  return {};
}

Status CpuBackend::download(void* to, Memory from, uint64_t bytes) {
  if (bytes) std::memcpy(to, address(from), bytes);
  return {};
}

Status CpuBackend::copy(Memory to, Memory from, uint64_t bytes) {
  if (bytes) std::memmove(address(to), address(from), bytes);
  return {};
}

Status make_cpu_backend(const CpuOptions& options, std::unique_ptr<Backend>& out) {
  if (std::string why = isa_problem(); !why.empty()) return {EDGERT_ERROR_ARGUMENT, "load: " + why};
  Registry& custom = registry();
  std::lock_guard<std::mutex> lock(custom.mutex);
  out = std::make_unique<CpuBackend>(options, custom.kernels);
  return {};
}

std::string cpu_isa() { return isa_name(); }

std::string cpu_device_json() {
  return "{\"device\": \"cpu\", \"name\": \"CPU\", \"isa\": " + json_quoted(isa_name()) +
         ", \"threads\": " + std::to_string(usable_cores()) + "}";
}

Status register_cpu_kernel(const edgert_kernel* kernel) {
  if (!kernel || kernel->size < sizeof(edgert_kernel) || !kernel->op || !kernel->plan || !kernel->run)
    return error(EDGERT_ERROR_ARGUMENT,
                 "register_kernel: the table is incomplete: size, op, plan and run are needed");
  Registry& custom = registry();
  std::lock_guard<std::mutex> lock(custom.mutex);
  custom.kernels.push_back(kernel);
  return {};
}

}  // namespace edgert
