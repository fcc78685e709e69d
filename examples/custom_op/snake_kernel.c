/* A CPU kernel for the operator "acme.snake": y = x + sin(a x)^2 / a, element by element, f32.
 *
 *   cc -O2 -fPIC -shared -Iruntime/include examples/custom_op/snake_kernel.c -Lruntime/python/edgert -ledgert
 * -lm
 *
 * register_snake() makes it known; sessions loaded from then on use it. Built-in kernels are written
 * against the same table.
 */
#include <edgert.h>

#include <math.h>
#include <stdio.h>

typedef struct snake_state {
  int64_t count;
  float a;
} snake_state;

static int32_t snake_supports(const edgert_node* node, const edgert_operand* inputs, int32_t input_count,
                              const edgert_operand* outputs, int32_t output_count, char* why,
                              size_t why_bytes) {
  (void)node;
  (void)outputs;
  if (input_count == 1 && output_count == 1 && inputs[0].dtype == EDGERT_F32) return 1;
  snprintf(why, why_bytes, "only one f32 operand is supported");
  return 0;
}

static edgert_status refuse(edgert_plan* plan, const char* reason) {
  snprintf(plan->error, plan->error_bytes, "%s", reason);
  return EDGERT_ERROR_FORMAT;
}

/* Shapes are known here. The file may be anybody's: nothing in it is taken on trust. */
static edgert_status snake_plan(edgert_plan* plan) {
  if (plan->input_count != 1 || plan->output_count != 1)
    return refuse(plan, "expected one operand and one result");
  const edgert_operand *x = &plan->inputs[0], *y = &plan->outputs[0];
  if (x->dtype != EDGERT_F32 || y->dtype != EDGERT_F32 || x->rank != y->rank)
    return refuse(plan, "operand and result must be f32 of one rank");
  int64_t count = 1;
  for (int32_t axis = 0; axis < x->rank; axis++) {
    if (x->dims[axis] != y->dims[axis]) return refuse(plan, "operand and result must have one shape");
    count *= x->dims[axis];
  }
  size_t attributes = 0;
  const double* a = edgert_node_floats(plan->node, "a", &attributes);
  if (attributes != 1 || !(a[0] != 0.0)) return refuse(plan, "attribute 'a' must be a number other than 0");
  snake_state* state = plan->allocate(plan, sizeof *state);
  if (!state) return EDGERT_ERROR_MEMORY;
  state->count = count;
  state->a = (float)a[0];
  plan->state = state;
  return EDGERT_OK;
}

enum { BLOCK = 4096 };

typedef struct snake_job {
  const snake_state* state;
  const float* x;
  float* y;
} snake_job;

static void snake_block(void* argument, int64_t block, int32_t worker) {
  const snake_job* job = argument;
  (void)worker;
  const int64_t begin = block * BLOCK, left = job->state->count - begin;
  const int64_t end = begin + (left < BLOCK ? left : BLOCK);
  const float a = job->state->a;
  for (int64_t i = begin; i < end; i++) {
    const float s = sinf(a * job->x[i]);
    job->y[i] = job->x[i] + s * s / a;
  }
}

static edgert_status snake_run(const void* state, const edgert_call* call) {
  snake_job job = {state, call->inputs[0], call->outputs[0]};
  call->parallel(call, (job.state->count + BLOCK - 1) / BLOCK, snake_block, &job);
  return EDGERT_OK;
}

static const edgert_kernel snake_kernel = {
    .size = sizeof(edgert_kernel),
    .op = "acme.snake",
    .supports = snake_supports,
    .plan = snake_plan,
    .run = snake_run,
};

EDGERT_API edgert_status register_snake(void) { return edgert_register_kernel(&snake_kernel); }
