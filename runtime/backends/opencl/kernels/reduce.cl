// reduce: INITIAL joined by JOIN(a, b) with every FIRST(element); FINISH(total, count) is stored. `last` is the
// size of the result's last axis.
__kernel LANES void reduce(OUT(y), IN(x), AXES FIRST_PARAMETERS EPILOGUE_PARAMETERS, const int last) {
  PARTS(TOTAL, parts);
  const int result = RESULT;
  if (result >= results) return;
  TOTAL total = INITIAL;
  EACH(walk(&kept_walk, result), at, number) {
    const TOTAL value = FIRST(LOAD_X(x_buffer + x_start, at));
    total = JOIN(total, value);
  }
  JOIN_PARTS(TOTAL, parts, total, JOIN(a, b));
  if (LANE == 0) STORE_Y(y_buffer + y_start, result, FINISH(total, outer_count * inner));
}
