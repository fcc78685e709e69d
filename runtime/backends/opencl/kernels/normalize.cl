// normalize: (x - mean) / sqrt(variance + epsilon) * scale + bias over the reduced axes.
__kernel LANES void normalize_axes(OUT(y), IN(x), AXES, const float epsilon SCALE_PARAMETERS BIAS_PARAMETERS) {
  PARTS(WIDE, parts);
  const int result = RESULT;
  if (result >= results) return;
  const int base = walk(&kept_walk, result);
  const WIDE count = (WIDE)(outer_count * inner);
  WIDE mean = 0, square = 0;
#if CENTER
  EACH(base, at, number) mean += LOAD_X(x_buffer + x_start, at);
  JOIN_PARTS(WIDE, parts, mean, a + b);
  mean /= count;
#endif
  EACH(base, at, number) {
    const WIDE difference = LOAD_X(x_buffer + x_start, at) - mean;
    square += difference * difference;
  }
  JOIN_PARTS(WIDE, parts, square, a + b);
  const WIDE factor = 1 / sqrt(square / count + epsilon);
  EACH(base, at, number) {
    WIDE value = (LOAD_X(x_buffer + x_start, at) - mean) * factor;
    value *= SCALE(number);
    value += BIAS(number);
    STORE_Y(y_buffer + y_start, at, (TYPE)value);
  }
}
