// Running a band: see bands.h.
#include <algorithm>
#include <cstring>

#include "core/frame.h"
#include "core/threads.h"

namespace edgert {
namespace {

// One thread's part of a band's last result.
class BandPiece {
 public:
  BandPiece(SegmentPlan& plan, Band& band, int32_t piece, Backend& backend, bool timed)
      : plan_(plan), band_(band), backend_(backend), piece_(piece), timed_(timed) {
    const Step& first = plan.steps[static_cast<size_t>(band.first)];
    base_ = first.first;
    const size_t count = band.memory.size() / static_cast<size_t>(band.pieces);
    memory_ = band.memory.data() + count * static_cast<size_t>(piece);
    std::copy_n(plan.memory.begin() + base_, count, memory_);
  }

  Status run() {
    int64_t line, end;
    band_.bounds(piece_, line, end);
    Sweep sweep(band_, line);
    const size_t count = band_.steps.size();
    for (size_t k = 0; k < count; k++) {
      move_scratch(k);
      if (k + 1 < count) place(k, sweep.from[k]);
      if (timed_) time_of(k) = 0;
    }
    while (line < end) {
      line = std::min(line + band_.lines, end);
      sweep.advance(line);
      for (size_t k = 0; k < count; k++) {
        if (sweep.to[k] == sweep.from[k]) continue;
        if (k + 1 < count && sweep.to[k] - origin_[k] > band_.steps[k].capacity) drop_lines(k, sweep);
        if (Status status = run_step(k, sweep.from[k], sweep.to[k]); !status.ok()) {
          failed_node_ = step(k).node;
          return status;
        }
      }
      sweep.finish();
    }
    return {};
  }

  int32_t failed_node() const { return failed_node_; }

 private:
  const Step& step(size_t k) const { return plan_.steps[static_cast<size_t>(band_.first) + k]; }
  Memory& at(int32_t place) { return memory_[place - base_]; }
  uint64_t& time_of(size_t k) {
    return band_.nanoseconds[static_cast<size_t>(piece_) * band_.steps.size() + k];
  }
  uint8_t* buffer(size_t k) const {
    const BandStep& s = band_.steps[k];
    return address(plan_.memory[static_cast<size_t>(s.result_place)]) +
           static_cast<uint64_t>(piece_) * s.buffer_stride;
  }

  void move_scratch(size_t k) {
    const Step& s = step(k);
    Memory& scratch = at(s.first + s.input_count + s.output_count);
    if (scratch.handle) scratch.offset += static_cast<uint64_t>(piece_) * band_.steps[k].scratch_stride;
  }

  // Lets the buffer of step k begin with line `origin`. Its address becomes that of the whole result's line
  // 0.
  void place(size_t k, int64_t origin) {
    origin_[k] = origin;
    const auto whole = reinterpret_cast<uintptr_t>(buffer(k)) -
                       static_cast<uintptr_t>(origin) * static_cast<uintptr_t>(band_.steps[k].line_bytes);
    const Memory memory{reinterpret_cast<void*>(whole), 0};
    at(band_.steps[k].result_place) = memory;
    for (size_t c = k + 1; c < band_.steps.size(); c++)
      for (const BandRead& read : band_.steps[c].reads)
        if (static_cast<size_t>(read.producer) == k) at(read.place) = memory;
  }

  void drop_lines(size_t k, const Sweep& sweep) {
    const uint64_t line_bytes = band_.steps[k].line_bytes;
    const int64_t first = sweep.keep[k];
    std::memmove(buffer(k), buffer(k) + static_cast<uint64_t>(first - origin_[k]) * line_bytes,
                 static_cast<uint64_t>(sweep.from[k] - first) * line_bytes);
    place(k, first);
  }

  Status run_step(size_t k, int64_t begin, int64_t end) {
    const Step& s = step(k);
    const auto count = static_cast<size_t>(s.input_count + s.output_count + 1);
    const std::span<const Memory> memory(memory_ + (s.first - base_), count);
    const uint64_t start = timed_ ? clock_now() : 0;
    Status status = backend_.run_lines(*s.planned, memory, static_cast<size_t>(s.input_count), begin, end);
    if (timed_) time_of(k) += clock_now() - start;
    return status;
  }

  SegmentPlan& plan_;
  Band& band_;
  Backend& backend_;
  Memory* memory_;
  int32_t base_, piece_;
  int32_t failed_node_ = -1;
  bool timed_;
  int64_t origin_[kMostBandSteps];
};

}  // namespace

Status Frame::run_band(SegmentPlan& plan, Band& band) {
  struct Job {
    SegmentPlan& plan;
    Band& band;
    Backend& backend;
    bool timed;
    std::atomic<bool> failed{false};
    Status status;
    int32_t node;
  } job{plan, band, context_.backend(kHost), context_.profiling, false, {}, -1};
  const auto body = [](void* argument, int64_t piece, int32_t) {
    Job& j = *static_cast<Job*>(argument);
    BandPiece part(j.plan, j.band, static_cast<int32_t>(piece), j.backend, j.timed);
    Status status = part.run();
    if (status.ok() || j.failed.exchange(true)) return;
    j.status = std::move(status);
    j.node = part.failed_node();
  };
  parallel_for(context_.threads, band.pieces, body, &job);
  context_.steps += static_cast<uint64_t>(band.end - band.first - 1);
  if (!job.status.ok()) return node_error(graph_.nodes[static_cast<size_t>(job.node)], job.status);
  if (context_.profiling) add_band_times(plan, band);
  return {};
}

// A step's time is the mean over the threads, so that the band's times add up to what it took.
void Frame::add_band_times(const SegmentPlan& plan, const Band& band) {
  times_.resize(graph_.nodes.size());
  const size_t count = band.steps.size();
  for (size_t k = 0; k < count; k++) {
    uint64_t sum = 0;
    for (size_t piece = 0; piece < static_cast<size_t>(band.pieces); piece++)
      sum += band.nanoseconds[piece * count + k];
    times_[static_cast<size_t>(plan.steps[static_cast<size_t>(band.first) + k].node)].add(
        sum / static_cast<uint64_t>(band.pieces));
  }
}

}  // namespace edgert
