// resize: x [outer, in0, in1, in2, in3, inner] to y [outer, n0, n1, n2, n3, inner]. `places` and `weights` hold,
// axis after axis, the taps of every element: where they lie on the input, and how much they count. A place of -1
// is outside, where the extrapolation value stands.
__kernel LANES void resize(OUT(y), IN(x), IN(places), IN(weights), const int outer, const int inner, const int4 in,
                     const int4 n, const int4 taps, const float extrapolation) {
  const int c = get_global_id(0), row = get_global_id(1);
  if (c >= inner || row >= outer * n.x * n.y * n.z * n.w) return;
  READ(int, places);
  READ(float, weights);
  const int to = row * inner + c;
  const int i3 = row % n.w, rows2 = row / n.w, i2 = rows2 % n.z, rows1 = rows2 / n.z, i1 = rows1 % n.y;
  const int i0 = rows1 / n.y % n.x, o = rows1 / n.y / n.x;
  const int begin1 = n.x * taps.x, begin2 = begin1 + n.y * taps.y, begin3 = begin2 + n.z * taps.z;
  const int t0 = i0 * taps.x, t1 = begin1 + i1 * taps.y, t2 = begin2 + i2 * taps.z, t3 = begin3 + i3 * taps.w;
#if NEAREST
  const int p0 = places[t0], p1 = places[t1], p2 = places[t2], p3 = places[t3];
  const bool inside = p0 >= 0 && p1 >= 0 && p2 >= 0 && p3 >= 0;
  const int at = (((o * in.x + max(p0, 0)) * in.y + max(p1, 0)) * in.z + max(p2, 0)) * in.w + max(p3, 0);
  STORE_Y(y_buffer + y_start, to, inside ? LOAD_X(x_buffer + x_start, at * inner + c) : (TYPE)extrapolation);
#else
  TYPE total = 0;
  bool inside = places[t0] >= 0 && places[t1] >= 0 && places[t2] >= 0 && places[t3] >= 0;
  for (int k0 = 0; inside && k0 < taps.x; k0++)
    for (int k1 = 0; k1 < taps.y; k1++)
      for (int k2 = 0; k2 < taps.z; k2++) {
        const int plane = ((o * in.x + places[t0 + k0]) * in.y + places[t1 + k1]) * in.z + places[t2 + k2];
        const TYPE weight = (TYPE)weights[t0 + k0] * weights[t1 + k1] * weights[t2 + k2];
        for (int k3 = 0; k3 < taps.w; k3++) {
          const int at = plane * in.w + places[t3 + k3];
          total += weight * weights[t3 + k3] * LOAD_X(x_buffer + x_start, at * inner + c);
        }
      }
  STORE_Y(y_buffer + y_start, to, inside ? total : (TYPE)extrapolation);
#endif
}
