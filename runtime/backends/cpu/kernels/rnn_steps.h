// The steps of one sequence whose product and cell are one (RnnMicro), on several threads where that is
// quicker.
#pragma once

#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/micro/rnn.h"

namespace edgert::cpu {

struct RnnSteps {
  void (*run)(const RnnStep& step);
  RnnStep first;  // its units are not set
  int64_t count;
  int64_t gates_stride;  // floats from one step's gates to the next
  // Where the state after step s goes: first.out + (s & out_mask) * out_stride.
  int64_t out_mask, out_stride;

  float* out(int64_t s) const { return first.out + (s & out_mask) * out_stride; }
};

// How many threads to give to a sequence: of `floats` recurrent weights.
int32_t rnn_threads(int64_t floats, int64_t hidden, int32_t threads);
void run_steps(const RnnSteps& steps, const edgert_call& call, int32_t threads);

}  // namespace edgert::cpu
