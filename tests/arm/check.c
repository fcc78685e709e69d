/* Checks files against the references they carry: check FILE ... prints "isa NAME", then a line for each
 * file, "PATH ok ERROR", "PATH diverges ERROR" or "PATH failed MESSAGE". Exits with the number of those that
 * are not ok. */
#include <edgert.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t count_of(const edgert_tensor* tensor) {
  uint64_t count = 1;
  for (int32_t axis = 0; axis < tensor->rank; axis++) count *= (uint64_t)tensor->dims[axis];
  return count;
}

static double element(const edgert_tensor* tensor, uint64_t i) {
  return tensor->dtype == EDGERT_F32 ? (double)((const float*)tensor->data)[i]
                                     : ((const double*)tensor->data)[i];
}

static int is_nan_f16(uint16_t bits) { return (bits & 0x7c00) == 0x7c00 && (bits & 0x03ff); }

static int equal(const edgert_tensor* a, const edgert_tensor* b, uint64_t count) {
  if (a->dtype != EDGERT_F16) return !memcmp(a->data, b->data, b->bytes);
  const uint16_t *x = a->data, *y = b->data;
  for (uint64_t i = 0; i < count; i++)
    if (x[i] != y[i] && !(is_nan_f16(x[i]) && is_nan_f16(y[i]))) return 0;
  return 1;
}

/* max|a - b| / max(max|b|, 1e-6); other types than f32 and f64 are equal or infinitely far apart. */
static double error_of(const edgert_tensor* got, const edgert_tensor* expected) {
  if (got->dtype != expected->dtype || got->rank != expected->rank) return INFINITY;
  if (memcmp(got->dims, expected->dims, sizeof got->dims[0] * (size_t)got->rank)) return INFINITY;
  const uint64_t count = count_of(expected);
  if (expected->dtype != EDGERT_F32 && expected->dtype != EDGERT_F64)
    return equal(got, expected, count) ? 0 : INFINITY;
  double largest = 1e-6, apart = 0;
  for (uint64_t i = 0; i < count; i++) {
    const double a = element(got, i), b = element(expected, i);
    if (a == b || (isnan(a) && isnan(b))) continue;
    const double difference = fabs(a - b);
    if (!(difference <= apart)) apart = difference;
  }
  for (uint64_t i = 0; i < count; i++) {
    const double size = fabs(element(expected, i));
    if (size > largest && isfinite(size)) largest = size;
  }
  return isnan(apart) ? INFINITY : apart / largest;
}

/* The largest error of any reference in the file over its tolerance; -1: failed, see edgert_last_error. */
static double check(edgert_session* session) {
  double worst = 0;
  for (int32_t r = 0; r < edgert_reference_count(session); r++) {
    double tolerance = 0;
    const char* source = NULL;
    for (int32_t i = 0; i < edgert_input_count(session); i++) {
      edgert_tensor input = {.size = sizeof input};
      if (edgert_reference(session, r, 0, i, &input, &tolerance, &source)) return -1;
      if (edgert_set_input(session, i, &input)) return -1;
    }
    if (edgert_run(session)) return -1;
    for (int32_t i = 0; i < edgert_output_count(session); i++) {
      edgert_tensor expected = {.size = sizeof expected}, got = {.size = sizeof got};
      if (edgert_reference(session, r, 1, i, &expected, &tolerance, &source)) return -1;
      if (edgert_get_output(session, i, &got)) return -1;
      const double error = error_of(&got, &expected) / tolerance;
      if (error > worst) worst = error;
    }
  }
  return worst;
}

static void print_isa(edgert_session* session) {
  const char* json = NULL;
  const char* found = edgert_describe(session, &json) ? NULL : strstr(json, "\"isa\"");
  if (found) found = strchr(found + 5, '"');
  const char* end = found ? strchr(found + 1, '"') : NULL;
  if (end) printf("isa %.*s\n", (int)(end - found - 1), found + 1);
}

int main(int argc, char** argv) {
  int failures = 0;
  for (int i = 1; i < argc; i++) {
    edgert_options options = {.size = sizeof options, .device = "cpu", .threads = 2};
    edgert_session* session = NULL;
    double error = -1;
    if (!edgert_load_path(argv[i], &options, &session)) {
      if (i == 1) print_isa(session);
      error = check(session);
    }
    if (error < 0) printf("%s failed %s\n", argv[i], edgert_last_error());
    else printf("%s %s %g\n", argv[i], error <= 1 ? "ok" : "diverges", error);
    failures += !(error >= 0 && error <= 1);
    edgert_close(session);
  }
  return failures > 100 ? 100 : failures;
}
