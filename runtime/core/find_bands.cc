#include "core/find_bands.h"

#include <algorithm>
#include <utility>

#include "core/costs.h"

namespace edgert {
namespace {

// In nanoseconds: a byte to or from memory behind the cache, what it takes more behind the next cache, which
// is kFar times as large at the least, a byte of a result whose kernel does not say what it costs, and what
// running a step over a part costs more.
constexpr double kSpilledByte = 0.02, kFarByte = 0.01, kMadeByte = 0.06, kPart = 300;
constexpr uint64_t kFar = 16;
constexpr int64_t kLeastLines = 4;  // of a thread's part of an image

class Finder {
 public:
  Finder(const SegmentPlan& plan, const OperandShape& shape, const BandGoal& goal)
      : plan_(plan), shape_(shape), goal_(goal) {}

  // The best division of the steps into bands and single steps, by dynamic programming over where they end.
  std::vector<Band> find() {
    const auto count = static_cast<int32_t>(plan_.steps.size());
    saved_.assign(static_cast<size_t>(count) + 1, 0);
    best_.resize(saved_.size());
    for (int32_t first = 0; first < count; first++) {
      const auto f = static_cast<size_t>(first);
      if (saved_[f] > saved_[f + 1]) {
        saved_[f + 1] = saved_[f];
        best_[f + 1] = {};
      }
      try_bands(first, count);
    }
    std::vector<Band> found;
    for (int32_t end = count; end > 0;) {
      Band& band = best_[static_cast<size_t>(end)];
      end = band.steps.empty() ? end - 1 : band.first;
      if (!band.steps.empty()) found.push_back(std::move(band));
    }
    std::ranges::reverse(found);
    return found;
  }

 private:
  const Step& step(int32_t index) const { return plan_.steps[static_cast<size_t>(index)]; }
  int32_t operand(const Step& s, int32_t i) const { return plan_.operands[static_cast<size_t>(s.first + i)]; }
  const Storage* storage(int32_t index) const {
    return index < 0 ? nullptr : &plan_.storages[static_cast<size_t>(index)];
  }
  const Storage* result(const Step& s) const { return storage(operand(s, s.input_count)); }

  bool can_part(int32_t index) const {
    const Step& s = step(index);
    if (s.kind != Step::Kind::kKernel || s.device != kHost || s.output_count != 1 || s.count_count ||
        s.planned->lines.multiple <= 0 || !result(s))
      return false;
    const auto sizes = shape_(s, s.input_count);
    return sizes.size() >= 2 && sizes[0] == 1 && sizes[1] >= kLeastLines &&
           std::ranges::all_of(sizes, [](int64_t d) { return d > 0; });
  }

  // Nanoseconds of a step, with its weights at hand.
  double cost(const Step& s) const {
    const double known = s.planned->cost - weights(s);
    return known > 0 ? known : static_cast<double>(result(s)->bytes) * kMadeByte;
  }

  double weights(const Step& s) const {
    return static_cast<double>(s.planned->lines.weight_bytes) * kWeightByte;
  }

  // Nanoseconds of a step that is in no band.
  double alone(const Step& s) const {
    const double whole = cost(s) + weights(s);
    return goal_.threads == 1 || whole < kShared ? whole : whole / goal_.threads + kJoin;
  }

  // The same at the least as part of a band: every thread reads all weights.
  double inside(const Step& s) const { return cost(s) / goal_.threads + weights(s); }

  // Nanoseconds of a band: of the thread that has most to do.
  double time(const Band& band) const {
    double longest = 0;
    for (int32_t piece = 0; piece < band.pieces; piece++) {
      int64_t line, end;
      band.bounds(piece, line, end);
      Sweep sweep(band, line);
      sweep.advance(end);
      double sum = kFork;
      for (size_t k = 0; k < band.steps.size(); k++) {
        const Step& s = step(band.first + static_cast<int32_t>(k));
        const auto made = static_cast<double>(sweep.to[k] - sweep.from[k]);
        sum += cost(s) * made / static_cast<double>(band.steps[k].height) + weights(s);
      }
      longest = std::max(longest, sum);
    }
    return longest;
  }

  bool is_inside(const Storage& s, int32_t first, int32_t end) const {
    return s.kind == Storage::Kind::kArena && s.life.first >= first && s.life.last < end;
  }

  // Whether nothing but the last result of [first, end) is read behind it.
  bool closed(int32_t first, int32_t end) const {
    for (int32_t i = first; i + 1 < end; i++)
      if (const Storage& s = *result(step(i)); !is_inside(s, first, end) || s.life.last == i) return false;
    return true;
  }

  // The bands that begin with a step. One that takes in a step that cannot part ends before it.
  void try_bands(int32_t first, int32_t count) {
    Band band;
    band.first = first;
    double most = 0;  // that the band could save
    for (int32_t i = first; i < std::min(count, first + kMostBandSteps); i++) {
      if (!can_part(i) || !add_step(i, band)) return;
      band.end = i + 1;
      if (!goal_.for_memory) most += alone(step(i)) - inside(step(i));
      if (i > first) most += gain(result(step(i - 1))->bytes, true);
      const double before = saved_[static_cast<size_t>(first)];
      double& best = saved_[static_cast<size_t>(band.end)];
      if (i == first || before + most <= best || !closed(first, band.end) || !choose_lines(band)) continue;
      if (!goal_.for_memory && band.pieces > 1) band.time = time(band);
      const double total = before + saving(band);
      if (total <= best) continue;
      best = total;
      best_[static_cast<size_t>(band.end)] = band;
    }
  }

  // False where the band's buffers do not fit.
  bool choose_lines(Band& band) const {
    const int64_t height = band.steps.back().height;
    band.pieces = static_cast<int32_t>(std::min<int64_t>(goal_.threads, height / kLeastLines));
    if (band.pieces < goal_.threads && !goal_.for_memory) return false;
    band.pieces = std::max(band.pieces, 1);
    return fit(band, goal_.room) || goal_.for_memory || (has_far(band) && fit(band, goal_.room * kFar));
  }

  // Chooses the most lines with which the band needs no more than `room`; the least, and false, if it always
  // does.
  bool fit(Band& band, uint64_t room) const {
    const int64_t height = band.steps.back().height, least = band.steps.back().lines.multiple;
    const int64_t parts = std::max(band.pieces, 2), most = (height + parts - 1) / parts;
    band.lines = least;
    if (least_need(band) > room && !goal_.for_memory) return false;
    while (2 * band.lines <= most) band.lines *= 2;
    for (;; band.lines /= 2) {
      size_in_middle(band);
      // It may take a little more than others do.
      if (need(band) <= room + room / 2 || (goal_.for_memory && band.lines == least)) size_buffers(band);
      if (need(band) <= room) return true;
      if (band.lines == least) return false;
    }
  }

  // The capacities as lines in the middle of the image take them, which is quicker found than size_buffers.
  void size_in_middle(Band& band) const {
    const int64_t height = band.steps.back().height, multiple = band.steps.back().lines.multiple;
    const int64_t line = std::max<int64_t>(height - band.lines, 0) / 2 / multiple * multiple;
    Sweep sweep(band, line);
    sweep.advance(std::min(line + band.lines, height));
    for (size_t k = 0; k < band.steps.size(); k++) band.steps[k].capacity = sweep.to[k] - sweep.keep[k];
  }

  // Whether a result inside would not fit the cache behind either.
  bool has_far(const Band& band) const {
    return std::any_of(band.steps.begin(), band.steps.end() - 1, [&](const BandStep& s) {
      return static_cast<uint64_t>(s.height) * s.line_bytes > goal_.spill * kFar;
    });
  }

  bool add_step(int32_t index, Band& band) const {
    const Step& s = step(index);
    BandStep added;
    added.lines = s.planned->lines;
    added.height = shape_(s, s.input_count)[1];
    added.line_bytes = result(s)->bytes / static_cast<uint64_t>(added.height);
    added.result_place = s.first + s.input_count;
    for (int32_t i = 0; i < s.input_count; i++) {
      const int32_t read = operand(s, i);
      for (int32_t p = band.first; p < index; p++) {
        const Step& maker = step(p);
        if (read < 0 || operand(maker, maker.input_count) != read) continue;
        const auto made = shape_(maker, maker.input_count), seen = shape_(s, i);
        // A reshape between may split and join what lies within a line.
        if (seen.size() < 2 || seen[0] != made[0] || seen[1] != made[1]) return false;
        const auto kind = i == 0                    ? BandRead::Kind::kWindow
                          : made[1] == added.height ? BandRead::Kind::kSame
                                                    : BandRead::Kind::kAll;
        added.reads.push_back({kind, p - band.first, s.first + i});
      }
    }
    band.steps.push_back(std::move(added));
    return true;
  }

  // At the least, with one line of every result.
  uint64_t least_need(const Band& band) const {
    uint64_t bytes = 0;
    for (const BandStep& s : band.steps) bytes += s.line_bytes + s.lines.weight_bytes;
    return bytes;
  }

  // Bytes that one thread touches again and again.
  uint64_t need(const Band& band) const {
    uint64_t bytes = 0;
    for (size_t k = 0; k < band.steps.size(); k++) {
      const BandStep& s = band.steps[k];
      bytes += static_cast<uint64_t>(s.capacity) * s.line_bytes + s.lines.weight_bytes +
               step(band.first + static_cast<int32_t>(k)).planned->scratch_bytes;
    }
    return bytes;
  }

  // Of a result that is never whole; `near` where the band fits the cache.
  double gain(uint64_t bytes, bool near) const {
    const auto size = static_cast<double>(bytes);
    if (goal_.for_memory) return size;
    const double cached = near && bytes > goal_.spill ? kSpilledByte : 0;
    return 2 * size * (bytes > goal_.spill * kFar ? cached + kFarByte : cached);
  }

  double saving(const Band& band) const {
    const BandStep& last = band.steps.back();
    const int64_t height = (last.height + band.pieces - 1) / band.pieces;
    const auto parts = static_cast<double>((height + band.lines - 1) / band.lines);
    if (goal_.for_memory) {
      double saved = 0;
      for (const BandStep& s : band.steps)
        if (&s != &last)
          saved += (static_cast<double>(s.height) - static_cast<double>(s.capacity) * band.pieces) *
                   static_cast<double>(s.line_bytes);
      return saved;
    }
    double saved = -static_cast<double>(band.steps.size()) * parts * kPart;
    const bool near = need(band) <= goal_.room;
    for (const BandStep& s : band.steps)
      if (&s != &last) saved += gain(static_cast<uint64_t>(s.height) * s.line_bytes, near);
    if (band.pieces == 1) return saved;
    for (int32_t i = band.first; i < band.end; i++) saved += alone(step(i));
    return saved - band.time;
  }

  const SegmentPlan& plan_;
  const OperandShape& shape_;
  const BandGoal& goal_;
  std::vector<double> saved_;  // the most that steps up to one can save
  std::vector<Band> best_;     // that ends there; without steps, where a single step saves more
};

}  // namespace

std::vector<Band> find_bands(const SegmentPlan& plan, const OperandShape& shape, const BandGoal& goal) {
  return Finder(plan, shape, goal).find();
}

}  // namespace edgert
