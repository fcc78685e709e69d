// The states of a session: inputs that take an output of the run before.
#include <cstring>

#include "core/session.h"
#include "core/types.h"

namespace edgert {

// A state's first value: its constant, or zeros of the size that the other inputs imply.
Status Session::start_state(Tied& state) {
  const Value& value = graph().values[static_cast<size_t>(graph().inputs[state.input])];
  const Form* form = nullptr;
  if (state.initial >= 0) {
    const Constant& c = model().constants[static_cast<size_t>(state.initial)];
    state.dims = c.dims;
    form = &c.forms[0];
  } else {
    for (int32_t symbol : graph().symbols) context_->symbols.forget(symbol);
    for (const Binding& b : graph().segments[0].bindings)
      for (size_t i = 0; i < inputs_.size(); i++)
        if (b.source == Source::kInputDim && graph().inputs[inputs_[i]] == b.value)
          context_->symbols.set(b.symbol, bound_[i].tensor.dims[b.index]);
    const Evaluation evaluation(model(), context_->symbols);
    state.dims.clear();
    for (int32_t d : value.dims) {
      int64_t size;
      EDGERT_TRY(evaluation.get(d, "state '" + value.name + "'", size));
      state.dims.push_back(size);
    }
  }
  int64_t elements, bytes;
  if (!product(state.dims, elements) ||
      !multiply(elements, static_cast<int64_t>(item_size(value.dtype)), bytes))
    return error(EDGERT_ERROR_GUARD, "state '%s' has size %s", value.name.c_str(),
                 shape_text(state.dims).c_str());
  EDGERT_TRY(reserve(state.now, static_cast<uint64_t>(bytes), value.name.c_str()));
  if (form && bytes) std::memcpy(state.now.memory.handle, form->data, static_cast<size_t>(bytes));
  else std::memset(state.now.memory.handle, 0, static_cast<size_t>(bytes));
  state.started = true;
  return {};
}

Status Session::store_state(Tied& state) {
  const int32_t value = graph().outputs[state.output];
  const uint64_t bytes = frame_->bytes(value);
  EDGERT_TRY(reserve(state.next, bytes, "state"));
  EDGERT_TRY(frame_->read(value, state.next.memory.handle, bytes));
  const int32_t dtype = graph().values[static_cast<size_t>(value)].dtype;
  return holds_pointers(dtype) ? detach(state, dtype, bytes) : Status();
}

// Copies what the elements of the next state point to out of the run's memory.
Status Session::detach(Tied& state, int32_t dtype, uint64_t bytes) {
  if (!state.next_heap) state.next_heap = std::make_unique<Heap>(*context_);
  state.next_heap->clear();
  Copier copier([&heap = *state.next_heap](uint64_t size) { return heap.allocate(size); });
  if (dtype == EDGERT_STRING) {
    auto* strings = static_cast<edgert_string*>(state.next.memory.handle);
    return copier.strings(strings, bytes / sizeof *strings, strings);
  }
  const Object *handle, *copy;
  std::memcpy(&handle, state.next.memory.handle, sizeof handle);
  EDGERT_TRY(copier.copy(handle, copy));
  std::memcpy(state.next.memory.handle, &copy, sizeof copy);
  return {};
}

}  // namespace edgert
