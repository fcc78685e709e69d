// pad: the result's element shows an element of x, or the fill.
typedef struct {
  int rank;
  int in[12], out[12], before[12];
} PadShape;

// The index on an axis of x that index i of the padded axis shows; -1 for the fill.
static inline int pad_source(int i, int in) {
#if PAD_KIND == 0
  return i >= 0 && i < in ? i : -1;
#elif PAD_KIND == 1
  return clamp(i, 0, in - 1);
#elif PAD_KIND == 2
  const int period = max(2 * (in - 1), 1);
  const int at = ((i % period) + period) % period;
  return at < in ? at : period - at;
#else
  return ((i % in) + in) % in;
#endif
}

__kernel void pad(OUT(y), IN(x), IN(fill), const PadShape s, const int total) {
  const int element = get_global_id(0);
  if (element >= total) return;
  READ(ELEMENT, x);
  WRITE(ELEMENT, y);
  int rest = element, at = 0, stride = 1;
  bool inside = true;
  for (int axis = s.rank - 1; axis >= 0; axis--) {
    const int from = pad_source(rest % s.out[axis] - s.before[axis], s.in[axis]);
    inside = inside && from >= 0;
    at += from * stride;
    stride *= s.in[axis];
    rest /= s.out[axis];
  }
  if (inside) {
    y[element] = x[at];
    return;
  }
#if HAS_FILL
  READ(ELEMENT, fill);
  y[element] = fill[0];
#else
  y[element] = 0;
#endif
}
