// The process's thread pool.
#pragma once

#include <cstdint>

namespace edgert {

using ParallelBody = void (*)(void* argument, int64_t i, int32_t worker);

// Cores this process may use: its affinity mask, cut by the cgroup's CPU quota; at least 1.
int32_t usable_cores();

// Calls body(argument, i, worker) for every i in [0, n), on up to `threads` threads with the caller among
// them; worker < threads tells them apart. Each thread has its own run of indices and, when done, helps the
// others with theirs. Returns when all calls have. Where another caller has the pool, or `threads` or `n` is
// 1, everything runs on the caller's thread.
void parallel_for(int32_t threads, int64_t n, ParallelBody body, void* argument);

// While there is one, threads that have worked wait for more a little longer before they sleep, but give way
// to others. For the time of a session's run.
class ThreadsAwake {
 public:
  explicit ThreadsAwake(int32_t threads);
  ~ThreadsAwake();
  ThreadsAwake(const ThreadsAwake&) = delete;
  ThreadsAwake& operator=(const ThreadsAwake&) = delete;

 private:
  bool counts_;
};

}  // namespace edgert
