// Tensors made of indices and sizes.
__kernel void iota(OUT(y), const int count) {
  const int i = get_global_id(0);
  if (i < count) STORE_Y(y_buffer + y_start, i, (TYPE)i);
}

typedef struct {
  long values[12];
} Extents;

__kernel void extents(OUT(y), const Extents e, const int count) {
  WRITE(long, y);
  const int i = get_global_id(0);
  if (i < count) y[i] = e.values[i];
}
