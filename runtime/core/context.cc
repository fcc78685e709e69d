#include "core/context.h"

#include <algorithm>

namespace edgert {

Status Context::allocate(int device, uint64_t bytes, Memory& memory, const char* what) {
  if (bytes > memory_limit || allocated_ > memory_limit - bytes)
    return error(EDGERT_ERROR_MEMORY, "%s: %llu bytes wanted, %llu are in use, the memory limit is %llu",
                 what, static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(allocated_),
                 static_cast<unsigned long long>(memory_limit));
  EDGERT_TRY(backend(device).allocate(bytes, memory));
  allocated_ += bytes;
  return {};
}

void Context::release(int device, Memory memory, uint64_t bytes) {
  if (!memory.handle) return;
  backend(device).release(memory);
  allocated_ -= bytes;
}

Status Context::reserve(Block& block, uint64_t bytes, const char* what, bool& moved) {
  if (block.memory.handle && block.bytes >= bytes && !separate) return {};
  release(block);
  EDGERT_TRY(allocate(block.device, bytes, block.memory, what));
  block.bytes = bytes;
  moved = true;
  return {};
}

void Context::release(Block& block) {
  release(block.device, block.memory, block.bytes);
  block.memory = {};
  block.bytes = 0;
}

Status Context::constant(int device, const Value& value, Memory& memory) {
  const Constant& constant = model_->constants[static_cast<size_t>(value.constant)];
  const Form& form = constant.forms[static_cast<size_t>(value.form)];
  if (device == kHost) {
    Memory& known = host_constants_[{form.data, form.bytes}];
    if (!known.handle) EDGERT_TRY(backend(kHost).adopt(form.data, form.bytes, known));
    memory = known;
    return {};
  }
  if (!section_adopted_) {
    EDGERT_TRY(backend(device).adopt(model_->data.data(), model_->data.size(), section_));
    section_adopted_ = true;
  }
  memory = {section_.handle, section_.offset + static_cast<uint64_t>(form.data - model_->data.data())};
  return {};
}

Status Context::why_not_step() const {
  if (cancelled.load(std::memory_order_relaxed)) return error(EDGERT_ERROR_CANCELLED, "run: cancelled");
  return error(EDGERT_ERROR_LIMIT, "run: the step limit of %llu node executions is reached",
               static_cast<unsigned long long>(step_limit));
}

}  // namespace edgert
