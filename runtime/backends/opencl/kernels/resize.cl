// resize: x [outer, in0, in1, in2, inner] to y [outer, n0, n1, n2, inner]. `places` and `weights` hold, axis after
// axis, the taps of every element: where they lie on the input, and how much they count. A place of -1
// is outside, where the extrapolation value stands.
__kernel LANES void resize(OUT(y), IN(x), IN(places), IN(weights), const int outer, const int inner, const int4 in,
                     const int4 n, const int4 taps, const float extrapolation) {
  const int c = get_global_id(0);
  int rest = get_global_id(1);
  if (c >= inner || rest >= outer * n.x * n.y * n.z) return;
  READ(int, places);
  READ(float, weights);
  const int to = rest * inner + c;
  const int i2 = rest % n.z, i1 = rest / n.z % n.y, i0 = rest / n.z / n.y % n.x, o = rest / n.z / n.y / n.x;
  const int t0 = i0 * taps.x, t1 = n.x * taps.x + i1 * taps.y, t2 = n.x * taps.x + n.y * taps.y + i2 * taps.z;
#if NEAREST
  const int z = places[t0], h = places[t1], w = places[t2];
  const bool inside = z >= 0 && h >= 0 && w >= 0;
  const int at = ((o * in.x + max(z, 0)) * in.y + max(h, 0)) * in.z + max(w, 0);
  STORE_Y(y_buffer + y_start, to, inside ? LOAD_X(x_buffer + x_start, at * inner + c) : (TYPE)extrapolation);
#else
  TYPE total = 0;
  bool inside = places[t0] >= 0 && places[t1] >= 0 && places[t2] >= 0;
  for (int k0 = 0; inside && k0 < taps.x; k0++)
    for (int k1 = 0; k1 < taps.y; k1++)
      for (int k2 = 0; k2 < taps.z; k2++) {
        const int at = ((o * in.x + places[t0 + k0]) * in.y + places[t1 + k1]) * in.z + places[t2 + k2];
        const TYPE weight = (TYPE)weights[t0 + k0] * weights[t1 + k1] * weights[t2 + k2];
        total += weight * LOAD_X(x_buffer + x_start, at * inner + c);
      }
  STORE_Y(y_buffer + y_start, to, inside ? total : (TYPE)extrapolation);
#endif
}
