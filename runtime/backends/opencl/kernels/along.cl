// Operators along one axis of x [outer, n, inner]: work-item (i, o) has one line.

// The index of the greatest (least) element; NaN wins; the first of equals, or the last.
__kernel void arg_reduce(OUT(y), IN(x), const int outer, const int n, const int inner) {
  const int i = get_global_id(0), o = get_global_id(1);
  if (i >= inner || o >= outer) return;
  WRITE(long, y);
  TYPE best = LOAD_X(x_buffer + x_start, o * n * inner + i);
  int found = 0;
  for (int k = 1; k < n; k++) {
    const TYPE value = LOAD_X(x_buffer + x_start, (o * n + k) * inner + i);
    if (best != best ? SELECT_LAST && value != value : value != value || value BETTER best) {
      best = value;
      found = k;
    }
  }
  y[o * inner + i] = found;
}

// Running sum or product.
__kernel void cumulative(OUT(y), IN(x), const int outer, const int n, const int inner, const int exclusive,
                         const int reverse) {
  const int i = get_global_id(0), o = get_global_id(1);
  if (i >= inner || o >= outer) return;
  TYPE total = PRODUCT ? 1 : 0;
  for (int k = 0; k < n; k++) {
    const int at = (o * n + (reverse ? n - 1 - k : k)) * inner + i;
    const TYPE before = total, value = LOAD_X(x_buffer + x_start, at);
    total = PRODUCT ? (TYPE)(total * value) : (TYPE)(total + value);
    STORE_Y(y_buffer + y_start, at, exclusive ? before : total);
  }
}
