/* Loads a file, gives every input ones, runs it once and prints what comes out.
 *
 *   cc -Iruntime/include examples/hello.c -Lruntime/python/edgert -ledgert -o hello
 *   ./hello model.edge [cpu|opencl]
 *
 * Sizes that the network leaves open are taken as 1.
 */
#include <edgert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char* what) {
  fprintf(stderr, "hello: %s: %s\n", what, edgert_last_error());
  return 1;
}

static uint64_t element_count(const edgert_tensor* tensor) {
  uint64_t count = 1;
  for (int32_t axis = 0; axis < tensor->rank; axis++) count *= (uint64_t)tensor->dims[axis];
  return count;
}

/* A tensor of ones for f32 inputs, of zeros for others, in memory that the caller frees. */
static int make_input(const edgert_spec* spec, edgert_tensor* tensor) {
  memset(tensor, 0, sizeof *tensor);
  tensor->size = sizeof *tensor;
  tensor->dtype = spec->dtype;
  tensor->rank = spec->rank;
  for (int32_t axis = 0; axis < spec->rank; axis++)
    tensor->dims[axis] = spec->dims[axis] < 0 ? 1 : spec->dims[axis];
  const uint64_t count = element_count(tensor);
  tensor->bytes = count * (spec->dtype == EDGERT_F32 ? sizeof(float) : sizeof(int64_t));
  tensor->data = calloc(1, tensor->bytes ? tensor->bytes : 1);
  if (!tensor->data) return 0;
  if (spec->dtype == EDGERT_F32)
    for (uint64_t i = 0; i < count; i++) ((float*)tensor->data)[i] = 1.0f;
  return 1;
}

static void print_output(const edgert_spec* spec, const edgert_tensor* tensor) {
  const uint64_t count = element_count(tensor), shown = count < 4 ? count : 4;
  printf("%s:", spec->name);
  for (uint64_t i = 0; i < shown && tensor->dtype == EDGERT_F32; i++)
    printf(" %g", ((const float*)tensor->data)[i]);
  printf("%s (%llu elements)\n", shown < count ? " ..." : "", (unsigned long long)count);
}

static int set_inputs(edgert_session* session, void** memory) {
  for (int32_t i = 0; i < edgert_input_count(session); i++) {
    edgert_spec spec = {.size = sizeof spec};
    edgert_tensor tensor;
    if (edgert_input_spec(session, i, &spec) || !make_input(&spec, &tensor)) return fail("input");
    memory[i] = tensor.data;
    if (edgert_set_input(session, i, &tensor)) return fail(spec.name);
  }
  return 0;
}

static int run(edgert_session* session) {
  if (edgert_run(session)) return fail("run");
  for (int32_t i = 0; i < edgert_output_count(session); i++) {
    edgert_spec spec = {.size = sizeof spec};
    edgert_tensor tensor = {.size = sizeof tensor};
    if (edgert_output_spec(session, i, &spec) || edgert_get_output(session, i, &tensor))
      return fail("output");
    print_output(&spec, &tensor);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: hello model.edge [device]\n");
    return 2;
  }
  edgert_options options = {.size = sizeof options, .device = argc > 2 ? argv[2] : "cpu"};
  edgert_session* session = NULL;
  if (edgert_load_path(argv[1], &options, &session)) return fail(argv[1]);

  const int32_t inputs = edgert_input_count(session);
  void** memory = calloc((size_t)inputs + 1, sizeof *memory);
  int result = memory ? set_inputs(session, memory) : 1;
  if (!result) result = run(session);

  edgert_close(session);
  for (int32_t i = 0; memory && i < inputs; i++) free(memory[i]);
  free(memory);
  return result;
}
