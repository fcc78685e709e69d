// The Backend over tables of `edgert_kernel`, built in (kernels.def) or registered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/devices.h"

namespace edgert {

class CpuBackend : public Backend {
 public:
  // `custom`: the kernels registered so far, the latest last.
  CpuBackend(const CpuOptions& options, std::vector<const edgert_kernel*> custom)
      : options_(options), custom_(std::move(custom)) {}
  ~CpuBackend() override;

  std::string_view name() const override { return "cpu"; }
  Status clone(std::unique_ptr<Backend>& out) override;
  bool supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                std::span<const edgert_operand> outputs, std::string& why) const override;
  Status plan(const edgert_node& node, std::span<const edgert_operand> inputs,
              std::span<const edgert_operand> outputs, const PlanWish& wish,
              std::unique_ptr<Planned>& planned) override;
  Status run(const Planned& planned, std::span<const Memory> inputs, std::span<const Memory> outputs,
             Memory scratch, const Found& found) override;
  Status run_lines(const Planned& planned, std::span<const Memory> memory, size_t input_count, int64_t begin,
                   int64_t end) override;
  Status allocate(uint64_t bytes, Memory& memory) override;
  void release(Memory memory) override;
  Status adopt(const void* data, uint64_t bytes, Memory& memory) override;
  Status upload(Memory to, const void* from, uint64_t bytes) override;
  Status download(void* to, Memory from, uint64_t bytes) override;
  Status copy(Memory to, Memory from, uint64_t bytes) override;
  Status finish() override { return {}; }
  bool is_host() const override { return true; }

 private:
  const edgert_kernel* find_kernel(const std::string& op) const;

  CpuOptions options_;
  std::vector<const edgert_kernel*> custom_;
  std::vector<Memory> copies_;  // of adopted constants, where exact
};

}  // namespace edgert
