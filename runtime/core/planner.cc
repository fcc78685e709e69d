#include "core/planner.h"

#include <algorithm>
#include <numeric>

namespace edgert {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 62;

uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// The tightest gap of `bytes` between the placed ones that live at the same time, else behind them.
uint64_t find_gap(std::span<const Lifetime> lifetimes, std::span<const uint64_t> offsets,
                  std::span<const size_t> by_offset, const Lifetime& wanted) {
  const uint64_t bytes = aligned(wanted.bytes);
  uint64_t end = 0, best = UINT64_MAX, best_size = UINT64_MAX;
  for (size_t i : by_offset) {
    const Lifetime& other = lifetimes[i];
    if (other.last < wanted.first || other.first > wanted.last) continue;
    if (offsets[i] > end && offsets[i] - end >= bytes && offsets[i] - end < best_size) {
      best = end;
      best_size = offsets[i] - end;
    }
    end = std::max(end, offsets[i] + aligned(other.bytes));
  }
  return best != UINT64_MAX ? best : end;
}

}  // namespace

bool place(std::span<const Lifetime> lifetimes, std::vector<uint64_t>& offsets, uint64_t& total) {
  uint64_t sum = 0;
  for (const Lifetime& l : lifetimes)
    if (l.bytes > kMostBytes || (sum += aligned(l.bytes)) > kMostBytes) return false;

  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  offsets.assign(lifetimes.size(), 0);
  total = 0;
  std::vector<size_t> by_offset;
  by_offset.reserve(lifetimes.size());
  for (size_t i : order) {
    offsets[i] = find_gap(lifetimes, offsets, by_offset, lifetimes[i]);
    total = std::max(total, offsets[i] + aligned(lifetimes[i].bytes));
    by_offset.insert(std::upper_bound(by_offset.begin(), by_offset.end(), i,
                                      [&](size_t a, size_t b) { return offsets[a] < offsets[b]; }),
                     i);
  }
  return true;
}

}  // namespace edgert
