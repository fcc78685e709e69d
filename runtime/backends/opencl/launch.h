// Kernel calls of a planned node.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "backends/opencl/context.h"
#include "core/backend.h"
#include "ops/common.h"

namespace edgert::cl {

// Where a (buffer, offset) parameter of a kernel comes from.
enum class From : uint8_t { kInput, kOutput, kScratch, kTable, kFlag };

struct Slot {
  From from;
  uint32_t index;   // of the operand, result or table
  uint64_t offset;  // bytes added
  uint32_t argument;
  mutable uint64_t bound;  // the offset that the kernel object holds
};

// One kernel with its arguments and index space. Arguments are given in the kernel's order; values are set
// at once, buffers (two parameters each: IN or OUT of the prelude) at run.
class Launch {
 public:
  // `group`: work-items that a group made by spread() has at most.
  Launch(const Api& api, Kernel kernel, int64_t group)
      : api_(&api), kernel_(std::move(kernel)), most_(group) {}

  Launch& input(size_t index, uint64_t offset = 0) { return slot(From::kInput, index, offset); }
  Launch& output(size_t index) { return slot(From::kOutput, index, 0); }
  Launch& scratch(uint64_t offset) { return slot(From::kScratch, 0, offset); }
  // What Planner::table gave.
  Launch& table(size_t index) { return slot(From::kTable, index, 0); }
  // A plain scalar or struct.
  template <class T>
  Launch& value(const T& v) {
    note(api_->SetKernelArg(kernel_.id(), argument_++, sizeof(T), &v));
    return *this;
  }
  Launch& integer(int64_t v) { return value(static_cast<int32_t>(v)); }
  // Local memory of a group.
  Launch& local(int64_t bytes) {
    note(api_->SetKernelArg(kernel_.id(), argument_++, static_cast<size_t>(bytes), nullptr));
    return *this;
  }
  // The flag for prelude's refuse(), and the number by which the backend finds the node's name.
  Launch& flag(int32_t node);
  // `items` work-items per axis, in groups of `group` where given: then items are rounded up, so the kernel
  // compares its ids with the sizes it was given.
  void range(std::initializer_list<int64_t> items, std::initializer_list<int64_t> group = {});

  // n0 * n1 * n2 work-items in groups of moderate size; axis 0 is the one along memory.
  void spread(int64_t n0, int64_t n1 = 1, int64_t n2 = 1);

  // The first driver error of the calls above.
  Status ready() const { return check(code_, "setting a kernel's arguments"); }
  Status run(QueueId queue, std::span<const Memory> inputs, std::span<const Memory> outputs, Memory scratch,
             std::span<const Table> tables, MemoryId flag) const;

 private:
  Launch& slot(From from, size_t index, uint64_t offset);
  Status bind(const Slot& slot, Memory memory) const;
  void note(int32_t code) {
    if (code_ == kSuccess) code_ = code;
  }

  const Api* api_;
  Kernel kernel_;
  int64_t most_;
  std::vector<Slot> slots_;
  uint32_t argument_ = 0, axes_ = 0;
  std::array<size_t, 3> items_{}, group_{};
  bool grouped_ = false;
  int32_t code_ = kSuccess;
};

class Plan final : public Planned {
 public:
  std::vector<Launch> launches;
  std::vector<Table> tables;
  bool flagged = false;  // one of them may refuse() a value
};

// The text of a program: the prelude, definitions, then files and functions.
class Source {
 public:
  explicit Source(const Device& device);
  Source& define(const char* name, const std::string& value);
  Source& define(const char* name, int64_t value) { return define(name, std::to_string(value)); }
  Source& add(const std::string& text);
  // kernels/<name>.cl, embedded at build.
  Source& file(const char* name);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Whether an operand or result is of a type of eight bits or fewer that is computed in another one.
bool has_narrow(const NodeArgs& args);

// What a family plans with.
class Planner {
 public:
  Planner(Context& context, Plan& plan, int32_t node, const NodeArgs& args)
      : context_(context), plan_(plan), node_(node), narrow_(has_narrow(args)) {}

  const Device& device() const { return context_.device(); }
  // Knows the types of eight bits and fewer only where the node has one.
  Source source() const { return narrow_ ? Source(device()).file("narrow") : Source(device()); }
  // Adds a call of kernel `name`; the reference is good until the next call.
  Status launch(const Source& source, const char* name, Launch*& out);
  // The offset of `bytes` more bytes of scratch.
  uint64_t scratch(uint64_t bytes);
  // A buffer with these bytes, for Launch::table.
  Status table(const void* data, size_t bytes, size_t& index);
  // For Launch::flag.
  int32_t node() {
    flagged_ = true;
    return node_;
  }
  bool flagged() const { return flagged_; }

 private:
  Context& context_;
  Plan& plan_;
  int32_t node_;
  bool narrow_;
  bool flagged_ = false;
};

// A core operator on OpenCL.
struct Family {
  const char* op;
  // Whether it can run the node; dims are -1 where they are not known yet. Null: always.
  Status (*supports)(const Device& device, const NodeArgs& args);
  Status (*plan)(Planner& planner, const NodeArgs& args);
};

// The family of a core operator; null where OpenCL has none.
const Family* find_family(std::string_view op);

}  // namespace edgert::cl
