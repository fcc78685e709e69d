#include "core/threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <new>
#include <thread>

#include "core/spin.h"

namespace edgert {
namespace {

constexpr int32_t kMaxThreads = 256;
constexpr int kYields = 1000;  // some half a millisecond

std::atomic<int32_t> runs{0};  // of sessions, under way

// A worker's indices still to be done; others take from it too.
struct alignas(64) Run {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

class Pool {
 public:
  bool acquire() { return !busy_.exchange(true, std::memory_order_acquire); }
  void release() { busy_.store(false, std::memory_order_release); }

  // Only by the one that acquired the pool.
  void run(int32_t threads, int64_t n, ParallelBody body, void* argument) {
    threads = std::min(threads, grow(threads - 1) + 1);
    body_ = body;
    argument_ = argument;
    threads_ = threads;
    for (int32_t w = 0; w < threads; w++) {
      runs_[w].next.store(n / threads * w + std::min<int64_t>(w, n % threads), std::memory_order_relaxed);
      runs_[w].end = n / threads * (w + 1) + std::min<int64_t>(w + 1, n % threads);
    }
    gate_.fetch_add(kOpen, std::memory_order_seq_cst);
    ticket_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) ticket_.notify_all();
    work(0);
    close();
  }

 private:
  // The gate: the low half counts the workers inside the current job, the high half is odd while it
  // takes more. A worker that comes late finds it closed and misses nothing.
  static constexpr uint64_t kOpen = uint64_t{1} << 32;
  static bool is_open(uint64_t gate) { return (gate >> 32) & 1; }

  void close() {
    gate_.fetch_add(kOpen, std::memory_order_acq_rel);
    spin_until([&] { return (gate_.load(std::memory_order_acquire) & (kOpen - 1)) == 0; });
  }

  bool enter() {
    uint64_t gate = gate_.load(std::memory_order_acquire);
    while (is_open(gate))
      if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) return true;
    return false;
  }

  void work(int32_t worker) {
    for (int32_t k = 0; k < threads_; k++) {
      Run& run = runs_[(worker + k) % threads_];
      while (run.next.load(std::memory_order_relaxed) < run.end) {
        const int64_t i = run.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= run.end) break;
        body_(argument_, i, worker);
      }
    }
  }

  // Starts workers up to `count`; how many there are.
  int32_t grow(int32_t count) {
    count = std::min(count, kMaxThreads - 1);
    while (workers_ < count) {
      struct Start {
        Pool* pool;
        int32_t worker;
      };
      auto* start = new (std::nothrow) Start{this, workers_ + 1};
      pthread_t thread;
      const auto main = [](void* argument) -> void* {
        std::unique_ptr<Start> from(static_cast<Start*>(argument));
        from->pool->serve(from->worker);
        return nullptr;
      };
      if (!start || pthread_create(&thread, nullptr, main, start) != 0) {
        delete start;
        break;
      }
      pthread_detach(thread);
      workers_++;
    }
    return workers_;
  }

  // False where none came before it is time to sleep.
  bool await_ticket(uint32_t seen) const {
    for (int spins = 0; spins < kSpins + kYields; spins++) {
      if (ticket_.load(std::memory_order_acquire) != seen) return true;
      if (spins < kSpins) pause();
      else if (runs.load(std::memory_order_relaxed) > 0) std::this_thread::yield();
      else break;
    }
    return false;
  }

  [[noreturn]] void serve(int32_t worker) {
    uint32_t seen = 0;
    for (;;) {
      if (!await_ticket(seen)) {
        sleepers_.fetch_add(1, std::memory_order_seq_cst);
        ticket_.wait(seen, std::memory_order_seq_cst);
        sleepers_.fetch_sub(1, std::memory_order_seq_cst);
      }
      seen = ticket_.load(std::memory_order_acquire);
      if (!enter()) continue;
      if (worker < threads_) work(worker);
      gate_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  std::atomic<bool> busy_{false};
  alignas(64) std::atomic<uint64_t> gate_{0};
  alignas(64) std::atomic<uint32_t> ticket_{0};
  std::atomic<int32_t> sleepers_{0};
  int32_t workers_ = 0;
  int32_t threads_ = 0;
  ParallelBody body_ = nullptr;
  void* argument_ = nullptr;
  Run runs_[kMaxThreads];
};

// Never destroyed: workers may outlive static destructors. After a fork the child has none of the
// workers, so it starts with a new pool.
std::atomic<Pool*> shared_pool{nullptr};

Pool* pool() {
  if (Pool* found = shared_pool.load(std::memory_order_acquire)) return found;
  static std::atomic<bool> registered{false};
  if (!registered.exchange(true))
    pthread_atfork(nullptr, nullptr, [] { shared_pool.store(nullptr, std::memory_order_release); });
  Pool* fresh = new (std::nothrow) Pool();
  Pool* expected = nullptr;
  if (shared_pool.compare_exchange_strong(expected, fresh)) return fresh;
  delete fresh;
  return expected;
}

int32_t cgroup_quota() {
  long long quota = 0, period = 0;
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    if (std::fscanf(file, "%lld %lld", &quota, &period) != 2) quota = 0;
    std::fclose(file);
  }
  return quota > 0 && period > 0 ? static_cast<int32_t>((quota + period - 1) / period) : kMaxThreads;
}

}  // namespace

int32_t usable_cores() {
  int32_t cores = static_cast<int32_t>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
#endif
  return std::clamp(std::min(cores, cgroup_quota()), 1, kMaxThreads);
}

ThreadsAwake::ThreadsAwake(int32_t threads) : counts_(threads > 1) {
  if (counts_) runs.fetch_add(1, std::memory_order_relaxed);
}

ThreadsAwake::~ThreadsAwake() {
  if (counts_) runs.fetch_sub(1, std::memory_order_relaxed);
}

void parallel_for(int32_t threads, int64_t n, ParallelBody body, void* argument) {
  Pool* shared = threads > 1 && n > 1 ? pool() : nullptr;
  if (!shared || !shared->acquire()) {
    for (int64_t i = 0; i < n; i++) body(argument, i, 0);
    return;
  }
  shared->run(static_cast<int32_t>(std::min<int64_t>(threads, n)), n, body, argument);
  shared->release();
}

}  // namespace edgert
