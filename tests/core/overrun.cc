// Runs FILE with a kernel for custom operator "test.overrun" that writes one element past its result. With
// EDGERT_SANITIZE and EDGERT_ARENA=separate the sanitizer must stop it; the exit code is 0 if nothing did.
#include <cstring>
#include <vector>

#include "edgert.h"

namespace {

edgert_status plan(edgert_plan* plan) {
  auto* elements = static_cast<int64_t*>(plan->allocate(plan, sizeof(int64_t)));
  if (!elements) return EDGERT_ERROR_MEMORY;
  *elements = 1;
  for (int i = 0; i < plan->outputs[0].rank; ++i) *elements *= plan->outputs[0].dims[i];
  plan->state = elements;
  return EDGERT_OK;
}

edgert_status run(const void* state, const edgert_call* call) {
  const int64_t elements = *static_cast<const int64_t*>(state);
  auto* result = static_cast<volatile float*>(call->outputs[0]);
  for (int64_t i = 0; i <= elements; ++i) result[i] = 1.0f;
  return EDGERT_OK;
}

const edgert_kernel kOverrun = {sizeof(edgert_kernel), "test.overrun", nullptr, plan, run};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 || edgert_register_kernel(&kOverrun) != EDGERT_OK) return 2;
  edgert_options options = {};
  options.size = sizeof options;
  options.threads = 1;
  edgert_session* session = nullptr;
  if (edgert_load_path(arguments[1], &options, &session) != EDGERT_OK) return 3;
  edgert_spec spec = {};
  spec.size = sizeof spec;
  if (edgert_input_spec(session, 0, &spec) != EDGERT_OK) return 4;
  int64_t elements = 1;
  edgert_tensor tensor = {};
  tensor.size = sizeof tensor;
  tensor.dtype = spec.dtype;
  tensor.rank = spec.rank;
  for (int i = 0; i < spec.rank; ++i) elements *= tensor.dims[i] = spec.dims[i];
  std::vector<float> storage(static_cast<size_t>(elements));
  tensor.data = storage.data();
  tensor.bytes = storage.size() * sizeof(float);
  if (edgert_set_input(session, 0, &tensor) != EDGERT_OK) return 5;
  const edgert_status status = edgert_run(session);
  edgert_close(session);
  return status == EDGERT_OK ? 0 : 6;
}
