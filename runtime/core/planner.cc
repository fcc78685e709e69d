#include "core/planner.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace edgert {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 62;
constexpr uint64_t kGoodEnough = 64;               // an excess of one in so many is not worth another order
constexpr size_t kMoves = 100, kWork = 4'000'000;  // the most, and the most times the square of the lifetimes

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

// What lives at each step.
std::vector<uint64_t> live_bytes(std::span<const Lifetime> lifetimes) {
  size_t steps = 0;
  for (const Lifetime& l : lifetimes) steps = std::max(steps, static_cast<size_t>(l.last) + 1);
  std::vector<uint64_t> live(steps + 1);  // first as differences, which wrap around
  for (const Lifetime& l : lifetimes) {
    live[static_cast<size_t>(l.first)] += aligned(l.bytes);
    live[static_cast<size_t>(l.last) + 1] -= aligned(l.bytes);
  }
  std::partial_sum(live.begin(), live.end(), live.begin());
  return live;
}

// Lifetimes by falling keys, the larger first among equals.
std::vector<size_t> by_key(std::span<const Lifetime> lifetimes, std::span<const double> keys) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return keys[a] != keys[b] ? keys[a] > keys[b] : lifetimes[a].bytes > lifetimes[b].bytes;
  });
  return order;
}

// Tries orders of placing, and keeps in `best` what the best of them gives.
class Search {
 public:
  Search(std::span<const Lifetime> lifetimes, Places& best)
      : lifetimes_(lifetimes), keys_(lifetimes.size()), best_(best) {}

  template <class Key>
  void try_by(Key&& key) {
    if (is_good()) return;
    std::ranges::transform(lifetimes_, keys_.begin(), key);
    attempt(by_key(lifetimes_, keys_));
  }

  // What lies highest has come too late.
  void move_highest() {
    std::vector<size_t> order = order_;
    if (!is_good()) place_in(order);
    const size_t moves = std::min(kMoves, kWork / (order.size() * order.size() + 1));
    for (size_t move = 0; move < moves && !is_good(); move++) {
      const auto highest = std::ranges::find_if(order, [&](size_t i) {
        return places_.offsets[i] + aligned(lifetimes_[i].bytes) == places_.bytes;
      });
      std::rotate(order.begin(), highest, highest + 1);
      attempt(order);
    }
  }

 private:
  bool is_good() const { return best_.bytes - best_.bound <= best_.bound / kGoodEnough; }

  void attempt(const std::vector<size_t>& order) {
    place_in(order);
    if (places_.bytes >= best_.bytes) return;
    best_.offsets = places_.offsets;
    best_.bytes = places_.bytes;
    order_ = order;
  }

  void place_in(std::span<const size_t> order) {
    auto& offsets = places_.offsets;
    offsets.assign(lifetimes_.size(), 0);
    places_.bytes = 0;
    std::vector<size_t> by_offset;
    by_offset.reserve(lifetimes_.size());
    for (size_t i : order) {
      offsets[i] = find_gap(lifetimes_, offsets, by_offset, lifetimes_[i]);
      places_.bytes = std::max(places_.bytes, offsets[i] + aligned(lifetimes_[i].bytes));
      by_offset.insert(
          std::ranges::upper_bound(by_offset, offsets[i], {}, [&](size_t k) { return offsets[k]; }), i);
    }
  }

  std::span<const Lifetime> lifetimes_;
  std::vector<double> keys_;
  Places& best_;
  std::vector<size_t> order_;  // that the best is of
  Places places_;              // of the order tried last
};

}  // namespace

bool place(std::span<const Lifetime> lifetimes, Places& out) {
  uint64_t sum = 0;
  for (const Lifetime& l : lifetimes)
    if (l.bytes > kMostBytes || (sum += aligned(l.bytes)) > kMostBytes) return false;
  const std::vector<uint64_t> live = live_bytes(lifetimes);
  out = {};
  out.bytes = UINT64_MAX;
  out.bound = *std::max_element(live.begin(), live.end());

  const auto size = [](const Lifetime& l) { return static_cast<double>(l.bytes); };
  const auto size_and_time = [&](const Lifetime& l) { return size(l) * (l.last - l.first + 1); };
  const auto crowd = [&](const Lifetime& l) {
    return static_cast<double>(*std::max_element(live.begin() + l.first, live.begin() + l.last + 1));
  };
  Search search(lifetimes, out);
  search.try_by(size);
  search.try_by(crowd);
  search.try_by(size_and_time);
  search.move_highest();
  return true;
}

}  // namespace edgert
