// Transposed convolution: every output element gathers the taps that reach it. w is
// [group][tap][ceil(outputs / 16)][channels][16]. Output positions are numbered phase by phase (position
// modulo stride), so that neighbours in a work-item use the same taps.
__kernel BLOCKED void conv_transpose(OUT(y), IN(x), IN(w), IN(zeros), const ConvShape s EPILOGUE_PARAMETERS) {
  const int group_channels = s.channels / s.groups, group_outputs = s.outputs / s.groups;
  const int panels = (group_outputs + 15) / 16, taps = s.window[0] * s.window[1] * s.window[2];
  const int first = get_global_id(0) * TILE, panel = get_global_id(1) % panels, group = get_global_id(1) / panels;
  int steps[3], total = s.batch;
  for (int axis = 0; axis < 3; axis++) {
    steps[axis] = (s.output[axis] + s.stride[axis] - 1) / s.stride[axis];
    total *= steps[axis] * s.stride[axis];
  }
  if (first >= total || group >= s.groups) return;
  READ(ACC, w);
  w += ((size_t)group * taps * panels + panel) * group_channels * 16;
  __global const uchar *start = x_buffer + x_start + (size_t)group * group_channels * X_BYTES;
  __global const uchar *rows[TILE];
  int image[TILE], out[TILE][3];
  bool exists[TILE];
  ACC16 acc[TILE];
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    int position = min(first + r, total - 1);
    exists[r] = first + r < total;
    for (int axis = 2; axis >= 0; axis--) {
      out[r][axis] = position % steps[axis] * s.stride[axis];
      position /= steps[axis];
    }
    for (int axis = 2; axis >= 0; axis--) {
      out[r][axis] += position % s.stride[axis];
      position /= s.stride[axis];
      exists[r] = exists[r] && out[r][axis] < s.output[axis];
    }
    image[r] = position;
    acc[r] = 0;
  }
  for (int k0 = 0; k0 < s.window[0]; k0++)
    for (int k1 = 0; k1 < s.window[1]; k1++)
      for (int k2 = 0; k2 < s.window[2]; k2++) {
        const int k[3] = {k0, k1, k2};
        bool any = false;
#pragma unroll
        for (int r = 0; r < TILE; r++) {
          int at = image[r];
          bool inside = exists[r];
          for (int axis = 0; axis < 3; axis++) {
            const int reach = out[r][axis] + s.pad[axis] - k[axis] * s.dilation[axis];
            const int i = reach / s.stride[axis];
            inside = inside && reach >= 0 && i * s.stride[axis] == reach && i < s.input[axis];
            at = at * s.input[axis] + i;
          }
          rows[r] = inside ? start + (size_t)at * s.channels * X_BYTES : zeros_buffer;
          any |= inside;
        }
        if (any) accumulate(acc, rows, 1, w, group_channels);
        w += (size_t)panels * group_channels * 16;
      }
  const int column = group * group_outputs + panel * 16, lanes = min(16, group_outputs - panel * 16);
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    const int row = ((image[r] * s.output[0] + out[r][0]) * s.output[1] + out[r][1]) * s.output[2] + out[r][2];
    if (exists[r]) STORE_ROW(acc[r], row, column, s.outputs, lanes);
  }
}
