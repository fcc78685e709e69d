// Reading and writing at indices that are tensor values. One out of range is refused and read as 0.

// The index on an axis of n elements; negative ones count from the end.
static inline int place_of(__global const INDEX *indices, int i, int n, __global int *flag, int node) {
  const INDEX given = indices[i];
  const INDEX found = given < 0 ? given + n : given;
  if (found >= 0 && found < n) return (int)found;
  refuse(flag, node);
  return 0;
}

// x [batch, outer, n, inner], indices [batch, count], y [batch, outer, count, inner].
__kernel LANES void gather(OUT(y), IN(x), IN(indices), __global int *flag, const int node, const int outer, const int n,
                     const int inner, const int count) {
  const int i = get_global_id(0), row = get_global_id(1), b = get_global_id(2);
  if (i >= inner || row >= outer * count) return;
  READ(ELEMENT, x);
  READ(INDEX, indices);
  WRITE(ELEMENT, y);
  const int o = row / count, k = row % count;
  const int found = place_of(indices, b * count + k, n, flag, node);
  y[((b * outer + o) * count + k) * inner + i] = x[((b * outer + o) * n + found) * inner + i];
}

// Element i of indices reads x at i's own place, but on one axis (whose stride in `others` is 0).
__kernel LANES void gather_elements(OUT(y), IN(x), IN(indices), __global int *flag, const int node, const Walk others,
                              const int n, const int stride, const int count) {
  const int i = get_global_id(0);
  if (i >= count) return;
  READ(ELEMENT, x);
  READ(INDEX, indices);
  WRITE(ELEMENT, y);
  y[i] = x[walk(&others, i) + place_of(indices, i, n, flag, node) * stride];
}

typedef struct {
  int depth;
  int n[12], stride[12];
} Tuples;

static inline int tuple_place(__global const INDEX *indices, int tuple, const Tuples *t, __global int *flag, int node) {
  int at = 0;
  for (int d = 0; d < t->depth; d++) at += place_of(indices, tuple * t->depth + d, t->n[d], flag, node) * t->stride[d];
  return at;
}

// Tuple k of batch b names a slice of `inner` elements of x[b], which has `slab` elements.
__kernel LANES void gather_nd(OUT(y), IN(x), IN(indices), __global int *flag, const int node, const Tuples t,
                        const int slab, const int inner, const int count) {
  const int i = get_global_id(0), k = get_global_id(1), b = get_global_id(2);
  if (i >= inner || k >= count) return;
  READ(ELEMENT, x);
  READ(INDEX, indices);
  WRITE(ELEMENT, y);
  const int tuple = b * count + k;
  y[tuple * inner + i] = x[b * slab + tuple_place(indices, tuple, &t, flag, node) + i];
}
