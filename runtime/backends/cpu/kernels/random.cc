// random: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) as NumPy's RandomState uses it.
#include "ops/random.h"

#include <atomic>
#include <chrono>
#include <cmath>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

class Twister {
 public:
  explicit Twister(uint32_t seed) {
    for (uint32_t i = 0; i < kWords; i++) {
      state_[i] = seed;
      seed = 1812433253u * (seed ^ (seed >> 30)) + i + 1;
    }
  }

  // In [0, 1), with 53 random bits.
  double uniform() {
    const uint32_t high = next() >> 5, low = next() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

  // Two independent normal numbers by Marsaglia's polar method, in the order in which NumPy gives them.
  void normal(double& first, double& second) {
    double x, y, square;
    do {
      x = 2.0 * uniform() - 1.0;
      y = 2.0 * uniform() - 1.0;
      square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    const double factor = std::sqrt(-2.0 * std::log(square) / square);
    first = factor * y;
    second = factor * x;
  }

 private:
  static constexpr uint32_t kWords = 624, kShift = 397;

  uint32_t next() {
    if (at_ == kWords) refill();
    uint32_t word = state_[at_++];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680u;
    word ^= (word << 15) & 0xefc60000u;
    return word ^ (word >> 18);
  }

  void refill() {
    for (uint32_t i = 0; i < kWords; i++) {
      const uint32_t mixed = (state_[i] & 0x80000000u) | (state_[(i + 1) % kWords] & 0x7fffffffu);
      state_[i] = state_[(i + kShift) % kWords] ^ (mixed >> 1) ^ (mixed & 1 ? 0x9908b0dfu : 0u);
    }
    at_ = 0;
  }

  uint32_t state_[kWords];
  uint32_t at_ = kWords;
};

// Another seed at every call: not for secrets.
uint32_t fresh_seed() {
  static std::atomic<uint64_t> calls{0};
  const auto now = std::chrono::high_resolution_clock::now().time_since_epoch().count();
  uint64_t mixed = static_cast<uint64_t>(now) + 0x9e3779b97f4a7c15u * (calls.fetch_add(1) + 1);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return static_cast<uint32_t>(mixed ^ (mixed >> 31));
}

Status plan_random(const NodeArgs& args, edgert_plan& plan) {
  RandomParams* state = new_state<RandomParams>(&plan);
  return state ? parse_random(args, *state) : no_memory();
}

Status run_random(const RandomParams& p, const edgert_call& call) {
  Twister twister(p.seeded ? p.seed : fresh_seed());
  double* out = static_cast<double*>(call.outputs[0]);
  if (!p.normal) {
    for (int64_t i = 0; i < p.count; i++) out[i] = twister.uniform();
    return {};
  }
  double first = 0, second = 0;
  for (int64_t i = 0; i < p.count; i++) {
    if (i % 2 == 0) twister.normal(first, second);
    out[i] = i % 2 == 0 ? first : second;
  }
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel random_kernel = make_kernel<RandomParams, plan_random, run_random>("random");

}  // namespace edgert
