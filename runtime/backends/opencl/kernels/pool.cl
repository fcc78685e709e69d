// pool: work-item (c, position) makes one element of the result [N, *S, C].
typedef struct {
  int batch, channels;
  int input[3], output[3], window[3], stride[3], dilation[3], begin[3], end[3];
} PoolShape;

__kernel LANES void pool(OUT(y), IN(x), OUT(places), const PoolShape s, const float power) {
  const int c = get_global_id(0), position = get_global_id(1);
  if (c >= s.channels || position >= s.batch * s.output[0] * s.output[1] * s.output[2]) return;
  int rest = position, origin[3], first[3], last[3], divisor = 1;
  for (int axis = 2; axis >= 0; axis--) {
    origin[axis] = rest % s.output[axis] * s.stride[axis] - s.begin[axis];
    rest /= s.output[axis];
    const int dilation = s.dilation[axis];
    first[axis] = origin[axis] < 0 ? (-origin[axis] + dilation - 1) / dilation : 0;
    const int inside = max(s.input[axis] - origin[axis] + dilation - 1, 0) / dilation;
    last[axis] = min(s.window[axis], inside);
    const int padded = max(s.input[axis] + s.end[axis] - origin[axis] + dilation - 1, 0) / dilation;
    divisor *= INCLUDE_PAD ? min(s.window[axis], padded) : max(last[axis] - first[axis], 0);
  }
  TOTAL total = INITIAL;
  int place = -1;
  for (int k0 = first[0]; k0 < last[0]; k0++)
    for (int k1 = first[1]; k1 < last[1]; k1++)
      for (int k2 = first[2]; k2 < last[2]; k2++) {
        const int z = origin[0] + k0 * s.dilation[0], h = origin[1] + k1 * s.dilation[1],
                  w = origin[2] + k2 * s.dilation[2];
        const int at = ((rest * s.input[0] + z) * s.input[1] + h) * s.input[2] + w;
        const TYPE value = LOAD_X(x_buffer + x_start, at * s.channels + c);
#if POOL_MAX
        const bool better = place < 0 || value > total || (value != value && total == total);
        total = better ? value : total;
        place = better ? (((rest * s.channels + c) * s.input[0] + z) * s.input[1] + h) * s.input[2] + w : place;
#else
        total += POOL_TERM(value);
#endif
      }
  STORE_Y(y_buffer + y_start, position * s.channels + c, (TYPE)POOL_RESULT(total));
#if PLACES
  WRITE(long, places);
  places[position * s.channels + c] = place;
#endif
}
