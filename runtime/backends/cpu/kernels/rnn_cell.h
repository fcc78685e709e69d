// One step of a recurrent layer for one sequence, with any activations: the slow and general form.
#pragma once

#include "ops/rnn.h"

namespace edgert::cpu {

// `gates` is x W + b (+ h R for lstm and rnn) [gates][hidden]; `recurrent` is a GRU's h R + b, its last third
// (reset * h) R + b unless `linear_before_reset`. Replaces h and c [hidden]. T is float or double.
template <class T>
void step_cell(const RnnParams& rnn, int64_t direction, const T* gates, const T* recurrent, const T* peephole,
               T* h, T* c);

// reset * h for a GRU that resets before its product.
template <class T>
void reset_hidden(const RnnParams& rnn, int64_t direction, const T* gates, const T* recurrent, const T* h,
                  T* out);

}  // namespace edgert::cpu
