// Convolution over channels-last images as an implicit matrix product.
// Work-item (i, j) makes positions i * TILE... of 16 output channels: panel j of all groups' panels. `zeros`
// are the channels of a position outside the image.
__kernel BLOCKED void conv(OUT(y), IN(x), IN(w), IN(zeros), const ConvShape s EPILOGUE_PARAMETERS) {
  const int group_channels = s.channels / s.groups, group_outputs = s.outputs / s.groups;
  const int panels = (group_outputs + 15) / 16, taps = s.window[0] * s.window[1] * s.window[2];
  const int positions = s.batch * s.output[0] * s.output[1] * s.output[2];
  const int first = get_global_id(0) * TILE, panel = get_global_id(1) % panels, group = get_global_id(1) / panels;
  if (first >= positions || group >= s.groups) return;
  READ(ACC, w);
  w += (size_t)get_global_id(1) * taps * group_channels * 16;
  __global const uchar *start = x_buffer + x_start + (size_t)group * group_channels * X_BYTES;
  __global const uchar *rows[TILE];
  int row[TILE], z[TILE], h[TILE], v[TILE];
  ACC16 acc[TILE];
  int image, out[3];
  split_position(&s, first, &image, out);
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    row[r] = image * s.input[0];
    z[r] = out[0] * s.stride[0] - s.pad[0];
    h[r] = out[1] * s.stride[1] - s.pad[1];
    v[r] = out[2] * s.stride[2] - s.pad[2];
    acc[r] = 0;
    if (first + r < positions - 1) next_position(&s, &image, out);
  }
  for (int k0 = 0; k0 < s.window[0]; k0++)
    for (int k1 = 0; k1 < s.window[1]; k1++)
      for (int k2 = 0; k2 < s.window[2]; k2++) {
#pragma unroll
        for (int r = 0; r < TILE; r++) {
          const int i0 = z[r] + k0 * s.dilation[0], i1 = h[r] + k1 * s.dilation[1], i2 = v[r] + k2 * s.dilation[2];
          const bool inside = (uint)i0 < (uint)s.input[0] & (uint)i1 < (uint)s.input[1] & (uint)i2 < (uint)s.input[2];
          const int at = ((row[r] + i0) * s.input[1] + i1) * s.input[2] + i2;
          rows[r] = inside ? start + (size_t)at * s.channels * X_BYTES : zeros_buffer;
        }
        accumulate(acc, rows, 1, w, group_channels);
        w += group_channels * 16;
      }
  const int column = group * group_outputs + panel * 16, lanes = min(16, group_outputs - panel * 16);
#pragma unroll
  for (int r = 0; r < TILE; r++)
    if (first + r < positions) STORE_ROW(acc[r], first + r, column, s.outputs, lanes);
}
