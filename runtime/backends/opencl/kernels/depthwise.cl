// Depthwise convolution: w is [ceil(C / 16)][taps][16]. Work-item (i, j, k) makes positions j * TILE... along the
// last axis of channels i * 16..., in row k of the result.
static inline ACC16 load_lanes(__global const uchar *x, int at, int lanes) {
  ACC values[16];
#pragma unroll
  for (int lane = 0; lane < 16; lane++) values[lane] = lane < lanes ? (ACC)LOAD_X(x, at + lane) : 0;
  return vload16(0, values);
}

// Adds the taps of one row of the window to acc. With `lanes` 16, a constant then, 16 elements are read at
// every position; those behind the last channel, which the caller makes sure exist, count for nothing.
static inline void row_taps(ACC16 *acc, __global const uchar *x, __global const ACC *w, const ConvShape *s, int start,
                            int lanes) {
  for (int k = 0; k < s->window[2]; k++) {
    const ACC16 v = vload16(k, w);
#pragma unroll
    for (int r = 0; r < TILE; r++) {
      const int i = start + r * s->stride[2] + k * s->dilation[2];
      if ((uint)i >= (uint)s->input[2]) continue;
      acc[r] += (lanes == 16 ? LOAD_X16(x, i * s->channels) : load_lanes(x, i * s->channels, lanes)) * v;
    }
  }
}

__kernel BLOCKED void depthwise(OUT(y), IN(x), IN(w), const ConvShape s EPILOGUE_PARAMETERS) {
  const int column = get_global_id(0) * 16, first = get_global_id(1) * TILE, line = get_global_id(2);
  if (column >= s.channels || first >= s.output[2]) return;
  READ(ACC, w);
  w += (size_t)column * s.window[0] * s.window[1] * s.window[2];
  const int lanes = min(16, s.channels - column);
  const int image = line / s.output[1] / s.output[0];
  const int z = line / s.output[1] % s.output[0] * s.stride[0] - s.pad[0];
  const int h = line % s.output[1] * s.stride[1] - s.pad[1];
  const int start = first * s.stride[2] - s.pad[2];
  ACC16 acc[TILE];
#pragma unroll
  for (int r = 0; r < TILE; r++) acc[r] = 0;
  for (int k0 = 0; k0 < s.window[0]; k0++)
    for (int k1 = 0; k1 < s.window[1]; k1++) {
      const int i0 = z + k0 * s.dilation[0], i1 = h + k1 * s.dilation[1];
      if ((uint)i0 >= (uint)s.input[0] || (uint)i1 >= (uint)s.input[1]) {
        w += s.window[2] * 16;
        continue;
      }
      const int row = ((image * s.input[0] + i0) * s.input[1] + i1) * s.input[2];
      __global const uchar *x = x_buffer + x_start + ((size_t)row * s.channels + column) * X_BYTES;
      const int end = (row + s.input[2] - 1) * s.channels + column + 16;
      if (lanes == 16 || end <= s.batch * s.input[0] * s.input[1] * s.input[2] * s.channels)
        row_taps(acc, x, w, &s, start, 16);
      else
        row_taps(acc, x, w, &s, start, lanes);
      w += s.window[2] * 16;
    }
#pragma unroll
  for (int r = 0; r < TILE; r++)
    if (first + r < s.output[2]) STORE_ROW(acc[r], line * s.output[2] + first + r, column, s.outputs, lanes);
}
