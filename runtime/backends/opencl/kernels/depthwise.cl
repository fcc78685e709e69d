// Depthwise convolution: w is [ceil(C / 16)][taps][16]. Work-item (i, j) makes positions j * TILE... of
// channels i * 16...
static inline ACC16 load_lanes(__global const uchar *x, int at, int lanes) {
  ACC values[16];
#pragma unroll
  for (int lane = 0; lane < 16; lane++) values[lane] = lane < lanes ? (ACC)LOAD_X(x, at + lane) : 0;
  return vload16(0, values);
}

__kernel BLOCKED void depthwise(OUT(y), IN(x), IN(w), const ConvShape s EPILOGUE_PARAMETERS) {
  const int taps = s.window[0] * s.window[1] * s.window[2];
  const int positions = s.batch * s.output[0] * s.output[1] * s.output[2];
  const int column = get_global_id(0) * 16, first = get_global_id(1) * TILE;
  if (column >= s.channels || first >= positions) return;
  READ(ACC, w);
  w += (size_t)column * taps;
  const int lanes = min(16, s.channels - column);
  int image[TILE], origin[TILE][3];
  ACC16 acc[TILE];
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    tap_origin(&s, min(first + r, positions - 1), &image[r], origin[r]);
    acc[r] = 0;
  }
  for (int k0 = 0; k0 < s.window[0]; k0++)
    for (int k1 = 0; k1 < s.window[1]; k1++)
      for (int k2 = 0; k2 < s.window[2]; k2++) {
        const ACC16 v = vload16(0, w);
        w += 16;
#pragma unroll
        for (int r = 0; r < TILE; r++) {
          int at;
          if (!tap_offset(&s, image[r], origin[r], k0, k1, k2, &at)) continue;
          acc[r] += (lanes == 16 ? LOAD_X16(x_buffer + x_start, at + column)
                                 : load_lanes(x_buffer + x_start, at + column, lanes)) * v;
        }
      }
#pragma unroll
  for (int r = 0; r < TILE; r++)
    if (first + r < positions) STORE_ROW(acc[r], first + r, column, s.outputs, lanes);
}
