// Convolution over channels-last images as an implicit matrix product.
// Work-item (i, j) makes positions i * TILE... of 16 output channels: panel j of all groups' panels.
__kernel BLOCKED void conv(OUT(y), IN(x), IN(w), const ConvShape s EPILOGUE_PARAMETERS) {
  const int group_channels = s.channels / s.groups, group_outputs = s.outputs / s.groups;
  const int panels = (group_outputs + 15) / 16, taps = s.window[0] * s.window[1] * s.window[2];
  const int positions = s.batch * s.output[0] * s.output[1] * s.output[2];
  const int first = get_global_id(0) * TILE, panel = get_global_id(1) % panels, group = get_global_id(1) / panels;
  if (first >= positions || group >= s.groups) return;
  READ(ACC, w);
  w += (size_t)get_global_id(1) * taps * group_channels * 16;
  int image[TILE], origin[TILE][3], at[TILE];
  bool inside[TILE];
  ACC16 acc[TILE];
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    tap_origin(&s, min(first + r, positions - 1), &image[r], origin[r]);
    acc[r] = 0;
  }
  for (int k0 = 0; k0 < s.window[0]; k0++)
    for (int k1 = 0; k1 < s.window[1]; k1++)
      for (int k2 = 0; k2 < s.window[2]; k2++) {
        bool all = true, any = false;
#pragma unroll
        for (int r = 0; r < TILE; r++) {
          inside[r] = tap_offset(&s, image[r], origin[r], k0, k1, k2, &at[r]);
          at[r] += group * group_channels;
          all &= inside[r];
          any |= inside[r];
        }
        if (all)
          accumulate(acc, x_buffer + x_start, at, 1, w, group_channels);
        else if (any)
          accumulate_inside(acc, x_buffer + x_start, at, inside, w, group_channels);
        w += group_channels * 16;
      }
  const int column = group * group_outputs + panel * 16, lanes = min(16, group_outputs - panel * 16);
#pragma unroll
  for (int r = 0; r < TILE; r++)
    if (first + r < positions) STORE_ROW(acc[r], first + r, column, s.outputs, lanes);
}
