// Recurrent layers. A work-group runs all steps of one direction and one row of the batch; `gates` is
// x w^T [direction][step * batch][G * hidden], r is packed in panels [direction][ceil(G * hidden / 16)][hidden][16].

// `to` = h r^T of the panels from `first` on.
static inline void recur(__local float *to, __local const float *h, __global const float *r, int first, int panels,
                         int hidden) {
  for (int panel = first + (int)get_local_id(0); panel < panels; panel += GROUP) {
    float16 total = 0;
    __global const float *w = r + (size_t)panel * hidden * 16;
    for (int k = 0; k < hidden; k++) total += (float16)(h[k]) * vload16(k, w);
    vstore16(total, panel, to);
  }
}

static inline float clipped(float v, float clip) { return clip > 0 ? clamp(v, -clip, clip) : v; }

#define GATE(n) (gates[row * width + (n)] + recurrent[n] + BIAS(n) + BIAS(width + (n)))
#define ACTIVATE(index, v) EDGE_ACTIVATION(direction, index, v)

__kernel void rnn(IN(gates), IN(r), IN(bias), IN(lengths), IN(initial_h), IN(initial_c), IN(peephole), OUT(y),
                  OUT(y_h), OUT(y_c), const int steps, const int batch, const int hidden, const int reverse0,
                  const float clip, __local float *h, __local float *c, __local float *recurrent,
                  __local float *reset_h, __local float *candidate) {
  const int lane = get_local_id(0), row_in_batch = get_group_id(0), direction = get_group_id(1);
  const int width = GATES * hidden, panels = (width + 15) / 16;
  const int state = (direction * batch + row_in_batch) * hidden;
  __global const float *gates = (__global const float *)(gates_buffer + gates_start) + (size_t)direction * steps * batch * width;
  __global const float *r = (__global const float *)(r_buffer + r_start) + (size_t)direction * panels * hidden * 16;
#if HAS_BIAS
  __global const float *bias = (__global const float *)(bias_buffer + bias_start) + direction * 2 * width;
#define BIAS(n) bias[n]
#else
#define BIAS(n) 0
#endif
#if HAS_PEEPHOLE
  __global const float *peephole = (__global const float *)(peephole_buffer + peephole_start) + direction * 3 * hidden;
#define PEEPHOLE(n, c) (peephole[n] * (c))
#else
#define PEEPHOLE(n, c) 0
#endif
#if HAS_LENGTHS
  const int length = clamp(((__global const int *)(lengths_buffer + lengths_start))[row_in_batch], 0, steps);
#else
  const int length = steps;
#endif
  for (int j = lane; j < hidden; j += GROUP) {
    h[j] = HAS_H ? ((__global const float *)(initial_h_buffer + initial_h_start))[state + j] : 0;
    c[j] = HAS_C ? ((__global const float *)(initial_c_buffer + initial_c_start))[state + j] : 0;
  }
  for (int step = 0; step < steps; step++) {
    const bool live = step < length;
    const int time = live && (direction == 1 || reverse0) ? length - 1 - step : step;
    const int row = time * batch + row_in_batch;
    barrier(CLK_LOCAL_MEM_FENCE);
    recur(recurrent, h, r, 0, panels, hidden);
    barrier(CLK_LOCAL_MEM_FENCE);
#if KIND == 1 && !LINEAR_BEFORE_RESET
    for (int j = lane; j < hidden; j += GROUP)
      reset_h[j] = ACTIVATE(0, clipped(GATE(hidden + j), clip)) * h[j];
    barrier(CLK_LOCAL_MEM_FENCE);
    recur(candidate, reset_h, r, 2 * hidden / 16, panels, hidden);
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    for (int j = lane; j < hidden; j += GROUP) {
      float next;
#if KIND == 0
      const float in = ACTIVATE(0, clipped(GATE(j) + PEEPHOLE(j, c[j]), clip));
      const float forget = INPUT_FORGET ? 1 - in
                                        : ACTIVATE(0, clipped(GATE(2 * hidden + j) + PEEPHOLE(2 * hidden + j, c[j]), clip));
      const float cell = forget * c[j] + in * ACTIVATE(1, clipped(GATE(3 * hidden + j), clip));
      next = ACTIVATE(0, clipped(GATE(hidden + j) + PEEPHOLE(hidden + j, cell), clip)) * ACTIVATE(2, cell);
      c[j] = live ? cell : c[j];
#elif KIND == 1
      const float update = ACTIVATE(0, clipped(GATE(j), clip));
      const int n = 2 * hidden + j;
#if LINEAR_BEFORE_RESET
      const float reset = ACTIVATE(0, clipped(GATE(hidden + j), clip));
      const float inner = reset * (recurrent[n] + BIAS(width + n));
#else
      const float inner = candidate[n] + BIAS(width + n);
#endif
      next = (1 - update) * ACTIVATE(1, clipped(gates[row * width + n] + BIAS(n) + inner, clip)) + update * h[j];
#else
      next = ACTIVATE(0, clipped(GATE(j), clip));
#endif
      h[j] = live ? next : h[j];
#if HAS_Y
      ((__global float *)(y_buffer + y_start))[((time * (int)get_num_groups(1) + direction) * batch + row_in_batch) * hidden + j] =
          live ? next : 0;
#endif
    }
  }
  for (int j = lane; j < hidden; j += GROUP) {
#if HAS_Y_H
    ((__global float *)(y_h_buffer + y_h_start))[state + j] = h[j];
#endif
#if HAS_Y_C
    ((__global float *)(y_c_buffer + y_c_start))[state + j] = c[j];
#endif
  }
}
