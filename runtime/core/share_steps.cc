#include "core/share_steps.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/costs.h"

namespace edgert {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kGain = 0.85;  // of the time alone: the estimates are no better than that

// Nanoseconds until a step has run, by whether threads share it, and how the step before was run on the way.
struct Choice {
  std::array<double, 2> time{0, 0};
  std::array<bool, 2> shared_before{false, true};
};

double moved(const SegmentPlan& plan, const Step& step) {
  const int32_t read = step.input_count ? plan.operands[static_cast<size_t>(step.first)] : -1;
  if (read < 0) return 0;
  const Storage& s = plan.storages[static_cast<size_t>(read)];
  return s.kind == Storage::Kind::kArena ? static_cast<double>(s.bytes) * kMovedByte : 0;
}

double cost_of(const Step& step) { return step.planned ? step.planned->cost : 0; }

const Band* band_of(const SegmentPlan& plan, int32_t step) {
  const auto after = std::ranges::upper_bound(plan.bands, step, {}, &Band::first);
  if (after == plan.bands.begin()) return nullptr;
  const Band& band = *std::prev(after);
  return step < band.end ? &band : nullptr;
}

// What a step takes by whether threads share it; the first of a band takes the band's time.
std::array<double, 2> times_of(const SegmentPlan& plan, int32_t step, int32_t threads) {
  if (const Band* band = band_of(plan, step)) return {kNever, band->first == step ? band->time : 0};
  const double cost = cost_of(plan.steps[static_cast<size_t>(step)]);
  if (cost > 0) return {cost, cost < kShared ? kNever : cost / threads + kFork};
  return {0, 0};  // a kernel that does not say what it costs leaves things as they are
}

// The step takes time[shared]; `move` is what a change costs.
Choice follow(const Choice& before, const std::array<double, 2>& time, double move) {
  Choice next;
  for (const bool shared : {false, true}) {
    const double same = before.time[shared], other = before.time[!shared] + move;
    next.time[shared] = time[shared] + std::min(same, other);
    next.shared_before[shared] = same <= other ? shared : !shared;
  }
  return next;
}

}  // namespace

Sharing find_sharing(const SegmentPlan& plan, int32_t threads) {
  const size_t count = plan.steps.size();
  std::vector<Choice> choices(count + 1);
  double alone = 0;
  for (size_t i = 0; i < count; i++) {
    const double move = moved(plan, plan.steps[i]) * (1 - 1.0 / threads);
    choices[i + 1] = follow(choices[i], times_of(plan, static_cast<int32_t>(i), threads), move);
    alone += cost_of(plan.steps[i]);
  }
  const auto& ends = choices[count].time;
  bool shared = ends[true] < ends[false];
  Sharing found;
  found.pays = ends[shared] <= kGain * alone;
  for (size_t i = count; i > 0; i--) {
    if (!shared && cost_of(plan.steps[i - 1]) >= kShared)
      found.for_one.push_back(static_cast<int32_t>(i - 1));
    shared = choices[i].shared_before[shared];
  }
  return found;
}

}  // namespace edgert
