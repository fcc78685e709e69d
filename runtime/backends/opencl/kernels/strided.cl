// y[k, j, i] = x[offset + i * s0 + j * s1 + outer(k)]; any element of ELEMENT's size.
__kernel LANES void strided(OUT(y), IN(x), const int offset, const int n0, const int n1, const int s0, const int s1,
                      const Walk outer) {
  const int i = get_global_id(0), j = get_global_id(1), k = get_global_id(2);
  if (i >= n0 || j >= n1) return;
  READ(ELEMENT, x);
  WRITE(ELEMENT, y);
  y[(k * n1 + j) * n0 + i] = x[offset + i * s0 + j * s1 + walk(&outer, k)];
}

// Row j of x, n0 elements, becomes y[j * stride + offset...].
__kernel LANES void place(OUT(y), IN(x), const int n0, const int n1, const int offset, const int stride) {
  const int i = get_global_id(0), j = get_global_id(1);
  if (i >= n0 || j >= n1) return;
  READ(ELEMENT, x);
  WRITE(ELEMENT, y);
  y[j * stride + offset + i] = x[j * n0 + i];
}
