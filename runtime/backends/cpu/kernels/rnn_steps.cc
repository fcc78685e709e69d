#include "backends/cpu/kernels/rnn_steps.h"

#include <algorithm>
#include <atomic>

#include "core/spin.h"

namespace edgert::cpu {
namespace {

// Weights that a thread reads in a step while two threads wait for each other several times.
constexpr int64_t kFloatsOfThread = 32768;
constexpr int64_t kMostMembers = 64;

void run_step(const RnnSteps& steps, int64_t s, int64_t part, int64_t parts) {
  const int64_t groups = steps.first.n / 16;
  RnnStep step = steps.first;
  step.begin = piece_begin(groups, part, parts);
  step.end = piece_begin(groups, part + 1, parts);
  step.gates += s * steps.gates_stride;
  if (s > 0) step.h = steps.out(s - 1);
  step.out = steps.out(s);
  step.backward = s & 1;
  steps.run(step);
}

// The leader goes through the steps and shares each with the members that have come by then: none may come,
// where the pool is taken.
class Team {
 public:
  explicit Team(const RnnSteps& steps) : steps_(steps) {}

  void lead() {
    int64_t expected = 0;
    for (int64_t s = 0; s < steps_.count; s++) {
      const int64_t members = joined_.load(std::memory_order_acquire);
      if (members) order_.store((s + 1) * kMostMembers + members, std::memory_order_release);
      run_step(steps_, s, 0, members + 1);
      expected += members;
      spin_until([&] { return done_.load(std::memory_order_acquire) == expected; });
    }
    order_.store(kOver, std::memory_order_release);
  }

  void help() {
    const int64_t me = joined_.fetch_add(1, std::memory_order_acq_rel) + 1;
    int64_t order = 0;
    for (;;) {
      const int64_t last = order;
      spin_until([&] { return (order = order_.load(std::memory_order_acquire)) != last; });
      if (order == kOver) return;
      const int64_t members = order % kMostMembers;
      if (me > members) continue;
      run_step(steps_, order / kMostMembers - 1, me, members + 1);
      done_.fetch_add(1, std::memory_order_release);
    }
  }

 private:
  static constexpr int64_t kOver = -1;
  const RnnSteps& steps_;
  alignas(64) std::atomic<int64_t> order_{0};  // (step + 1) * kMostMembers + members
  alignas(64) std::atomic<int64_t> done_{0};   // parts of members
  alignas(64) std::atomic<int64_t> joined_{0};
};

}  // namespace

int32_t rnn_threads(int64_t floats, int64_t hidden, int32_t threads) {
  const int64_t most = std::min({floats / kFloatsOfThread, hidden / 16, kMostMembers - 1});
  return static_cast<int32_t>(std::clamp<int64_t>(most, 1, threads));
}

void run_steps(const RnnSteps& steps, const edgert_call& call, int32_t threads) {
  if (threads <= 1) {
    for (int64_t s = 0; s < steps.count; s++) run_step(steps, s, 0, 1);
    return;
  }
  Team team(steps);
  parallel(call, threads, [&](int64_t i, int32_t) { i == 0 ? team.lead() : team.help(); });
}

}  // namespace edgert::cpu
