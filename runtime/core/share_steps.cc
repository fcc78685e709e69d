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
  size_t band = 0;
  for (size_t i = 0; i < count; i++) {
    const Step& step = plan.steps[i];
    while (band < plan.bands.size() && plan.bands[band].end <= static_cast<int32_t>(i)) band++;
    const bool in_band = band < plan.bands.size() && plan.bands[band].first <= static_cast<int32_t>(i);
    const double cost = step.planned ? step.planned->cost : 0;
    alone += cost;
    // A kernel that does not say what it costs leaves things as they are.
    std::array<double, 2> time{0, 0};
    if (in_band)
      time = {kNever, plan.bands[band].first == static_cast<int32_t>(i) ? plan.bands[band].time : 0};
    else if (cost > 0) time = {cost, cost < kShared ? kNever : cost / threads + kFork};
    choices[i + 1] = follow(choices[i], time, moved(plan, step) * (1 - 1.0 / threads));
  }
  const auto& ends = choices[count].time;
  bool shared = ends[true] < ends[false];
  Sharing found;
  found.pays = ends[shared] <= kGain * alone;
  for (size_t i = count; i > 0; i--) {
    const Step& step = plan.steps[i - 1];
    if (!shared && step.planned && step.planned->cost >= kShared)
      found.for_one.push_back(static_cast<int32_t>(i - 1));
    shared = choices[i].shared_before[shared];
  }
  return found;
}

}  // namespace edgert
