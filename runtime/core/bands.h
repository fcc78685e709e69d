// Depth-first execution: consecutive steps that run over some lines of their images at a time, so that what
// lies between them stays in the cache and is never in memory as a whole.
//
// A band's last result is made from top to bottom, `lines` lines at a time; from it follows which lines every
// step must make before. Results inside the band live in buffers of `capacity` lines, from which lines that
// nobody needs any more are dropped. Threads take parts of the last result, each with buffers of its own; at
// their seams lines are made twice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/backend.h"

namespace edgert {

constexpr int32_t kMostBandSteps = 24;

// A step's operand that another step of the band makes.
struct BandRead {
  enum class Kind : uint8_t { kWindow, kSame, kAll };
  Kind kind = Kind::kSame;
  int32_t producer = 0;  // step of the band
  int32_t place = 0;     // of the operand in SegmentPlan::memory
};

struct BandStep {
  edgert_lines lines{};
  int64_t height = 0;                              // lines of the result
  uint64_t line_bytes = 0;                         // of the result
  int64_t capacity = 0;                            // lines that the buffer of the result holds
  uint64_t buffer_stride = 0, scratch_stride = 0;  // bytes from one thread's to the next one's
  int32_t result_place = 0;                        // in SegmentPlan::memory
  std::vector<BandRead> reads;
};

struct Band {
  int32_t first = 0, end = 0;  // steps of the segment
  int32_t pieces = 1;
  int64_t lines = 0;
  double time = 0;  // nanoseconds, estimated where threads share it
  std::vector<BandStep> steps;
  std::vector<Memory> memory;         // by piece: the steps' operands, as SegmentPlan::memory
  std::vector<uint64_t> nanoseconds;  // by piece and step, of a profiled run

  // Lines [begin, end) of the last result are of piece `piece`.
  void bounds(int32_t piece, int64_t& begin, int64_t& end) const;
};

// Which lines of its result each step has made and has to make next.
class Sweep {
 public:
  // Nothing is made yet; the last result is wanted from `line` on.
  Sweep(const Band& band, int64_t line);
  // Sets from, to and keep for the last result up to `end`.
  void advance(int64_t end);
  void finish();

  int64_t from[kMostBandSteps];  // lines [from, to) are to be made
  int64_t to[kMostBandSteps];
  int64_t keep[kMostBandSteps];  // lines before it are not read again

 private:
  const Band& band_;
};

// Sets the capacities of the band's buffers for its pieces and lines.
void size_buffers(Band& band);

}  // namespace edgert
