// softmax along the reduced axis, or its logarithm.
__kernel LANES void softmax(OUT(y), IN(x), AXES) {
  PARTS(TYPE, parts);
  const int result = RESULT;
  if (result >= results) return;
  const int base = walk(&kept_walk, result);
  TYPE most = -INFINITY, total = 0;
  EACH(base, at, number) {
    const TYPE value = LOAD_X(x_buffer + x_start, at);
    most = value != value || value > most ? value : most;
  }
  JOIN_PARTS(TYPE, parts, most, b != b || b > a ? b : a);
  EACH(base, at, number) total += exp(LOAD_X(x_buffer + x_start, at) - most);
  JOIN_PARTS(TYPE, parts, total, a + b);
#if SOFTMAX_LOG
  const TYPE shift = log(total);
  EACH(base, at, number) STORE_Y(y_buffer + y_start, at, LOAD_X(x_buffer + x_start, at) - most - shift);
#else
  const TYPE scale = 1 / total;
  EACH(base, at, number) STORE_Y(y_buffer + y_start, at, exp(LOAD_X(x_buffer + x_start, at) - most) * scale);
#endif
}
