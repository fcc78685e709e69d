/* Prints what cores can do at most, per second of their own time, as one JSON object: limits CORE ...
   {"gflops": f32 multiply-adds counted as two, "gigabytes": [[bytes, 10^9 bytes read a second], ...]} */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#if defined(__AVX512F__)
enum { kLanes = 16, kChains = 20 };
#elif defined(__AVX__)
enum { kLanes = 8, kChains = 12 };
#else
enum { kLanes = 4, kChains = 12 };
#endif
enum { kTries = 3, kSteps = 40000000, kMaxCores = 256 };
typedef float Vector __attribute__((vector_size(4 * kLanes)));

typedef struct {
  pthread_t thread;
  pthread_barrier_t* start;
  int core;
  size_t bytes; /* to read; 0 to multiply */
  double rate;
} Job;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double multiply(void) {
  Vector sums[kChains], a, b;
  for (int i = 0; i < kLanes; ++i) a[i] = 0.999f, b[i] = 1e-3f;
  for (int c = 0; c < kChains; ++c) sums[c] = a + (float)c;
  double start = now();
  for (long n = 0; n < kSteps; ++n)
#pragma GCC unroll 32
    for (int c = 0; c < kChains; ++c) sums[c] = sums[c] * a + b;
  double seconds = now() - start;
  volatile float sink = 0;
  for (int c = 0; c < kChains; ++c) sink += sums[c][0];
  return 2e-9 * kLanes * kChains * kSteps / seconds;
}

static double read_all(size_t bytes) {
  const size_t page = (size_t)1 << 21;
  const Vector* data = aligned_alloc(page, (bytes + page - 1) & ~(page - 1));
  if (!data) exit(1);
  madvise((void*)data, bytes, MADV_HUGEPAGE);
  size_t count = bytes / sizeof(Vector);
  for (size_t i = 0; i < count; ++i) ((Vector*)data)[i] = (Vector){1.0f};
  size_t times = ((size_t)1 << 29) / bytes + 1;
  Vector sums[8] = {{0}};
  double start = now();
  for (size_t t = 0; t < times; ++t) {
    __asm__ volatile("" ::"r"(data) : "memory");
    for (size_t i = 0; i + 8 <= count; i += 8)
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) sums[k] += data[i + k];
  }
  double seconds = now() - start;
  volatile float sink = 0;
  for (int k = 0; k < 8; ++k) sink += sums[k][0];
  free((void*)data);
  return 1e-9 * bytes * times / seconds;
}

static void* work(void* argument) {
  Job* job = argument;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(job->core, &cores);
  pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
  pthread_barrier_wait(job->start);
  job->rate = job->bytes ? read_all(job->bytes) : multiply();
  return NULL;
}

/* The best of several tries of all cores together; `bytes` is shared out among them. */
static double best(int count, char** cores, size_t bytes) {
  static Job jobs[kMaxCores];
  double found = 0;
  for (int t = 0; t < kTries; ++t) {
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count);
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      jobs[i] = (Job){.start = &start, .core = atoi(cores[i]), .bytes = bytes / count};
      if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i])) exit(1);
    }
    for (int i = 0; i < count; ++i) pthread_join(jobs[i].thread, NULL), sum += jobs[i].rate;
    if (sum > found) found = sum;
  }
  return found;
}

int main(int count, char** arguments) {
  if (count < 2 || count > kMaxCores) return 2;
  int cores = count - 1;
  printf("{\"gflops\": %.1f, \"gigabytes\": [", best(cores, arguments + 1, 0));
  for (size_t bytes = 1 << 14; bytes <= (size_t)1 << 28; bytes *= 2)
    printf("%s[%zu, %.1f]", bytes == 1 << 14 ? "" : ", ", bytes, best(cores, arguments + 1, bytes));
  printf("]}\n");
}
