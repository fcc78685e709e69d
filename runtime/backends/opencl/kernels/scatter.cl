// Writing at indices. A work-item makes all writes that can meet in one place, in order, so that the last
// one wins and sums are the same in every run. y holds a copy of x already.

// Line i of `updates` along one axis: `lines` finds its start in updates and indices, `others` in y.
__kernel void scatter_elements(OUT(y), IN(indices), IN(updates), __global int *flag, const int node,
                               const Walk lines, const Walk others, const int n, const int stride,
                               const int line_count, const int line_size, const int line_stride) {
  const int i = get_global_id(0);
  if (i >= line_count) return;
  READ(INDEX, indices);
  const int start = walk(&lines, i), base = walk(&others, i);
  for (int k = 0; k < line_size; k++) {
    const int from = start + k * line_stride;
    const int to = base + place_of(indices, from, n, flag, node) * stride;
    const TYPE a = LOAD_X(y_buffer + y_start, to), b = LOAD_X(updates_buffer + updates_start, from);
    STORE_Y(y_buffer + y_start, to, COMBINE(a, b));
  }
}

__kernel void scatter_nd(OUT(y), IN(indices), IN(updates), __global int *flag, const int node, const Tuples t,
                         const int inner, const int count) {
  const int i = get_global_id(0);
  if (i >= inner) return;
  READ(INDEX, indices);
  for (int tuple = 0; tuple < count; tuple++) {
    const int to = tuple_place(indices, tuple, &t, flag, node) + i;
    const TYPE a = LOAD_X(y_buffer + y_start, to), b = LOAD_X(updates_buffer + updates_start, tuple * inner + i);
    STORE_Y(y_buffer + y_start, to, COMBINE(a, b));
  }
}
