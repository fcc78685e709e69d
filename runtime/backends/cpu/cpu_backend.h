// The Backend over tables of `edgert_kernel`, built in (kernels.def) or registered.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/backend.h"

namespace edgert {

class CpuBackend : public Backend {
 public:
  CpuBackend(int32_t threads, bool exact) : threads_(threads), exact_(exact) {}
  ~CpuBackend() override;

  std::string_view name() const override { return "cpu"; }
  Status clone(std::unique_ptr<Backend>& out) override;
  bool supports(const edgert_node& node, std::span<const edgert_operand> inputs,
                std::span<const edgert_operand> outputs, std::string& why) const override;
  Status plan(const edgert_node& node, std::span<const edgert_operand> inputs,
              std::span<const edgert_operand> outputs, std::unique_ptr<Planned>& planned) override;
  Status run(const Planned& planned, std::span<const Memory> inputs, std::span<const Memory> outputs,
             Memory scratch, int64_t* counts) override;
  Status allocate(uint64_t bytes, Memory& memory) override;
  void release(Memory memory) override;
  Status adopt(const void* data, uint64_t bytes, Memory& memory) override;
  Status upload(Memory to, const void* from, uint64_t bytes) override;
  Status download(void* to, Memory from, uint64_t bytes) override;
  Status copy(Memory to, Memory from, uint64_t bytes) override;
  Status finish() override { return {}; }
  bool is_host() const override { return true; }

 private:
  int32_t threads_;
  bool exact_;
  std::vector<Memory> copies_;  // of adopted constants, where exact
};

}  // namespace edgert
