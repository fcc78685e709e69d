// Recurrent layers of f64: plain loops over row-major weights.
#pragma once

#include "backends/cpu/kernels/kernel.h"
#include "ops/rnn.h"

namespace edgert::cpu {

// Sets plan.scratch_bytes to what run_double_rnn needs.
Status plan_double_rnn(const RnnParams& rnn, edgert_plan& plan);
// The lengths of sequences have been checked.
void run_double_rnn(const RnnParams& rnn, const edgert_call& call);

}  // namespace edgert::cpu
