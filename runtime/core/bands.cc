#include "core/bands.h"

#include <algorithm>

namespace edgert {
namespace {

int64_t round_up(int64_t line, int64_t multiple) { return (line + multiple - 1) / multiple * multiple; }

// The first line that `read` needs for lines from `line` on, and the line behind the last for lines up to
// `end`.
int64_t first_needed(const BandStep& reader, const BandRead& read, int64_t line) {
  if (read.kind == BandRead::Kind::kAll) return 0;
  const edgert_lines& l = reader.lines;
  return read.kind == BandRead::Kind::kSame ? line : line * l.stride / l.divisor - l.before;
}

int64_t end_needed(const BandStep& reader, const BandRead& read, int64_t end, int64_t height) {
  if (read.kind == BandRead::Kind::kAll) return height;
  const edgert_lines& l = reader.lines;
  return read.kind == BandRead::Kind::kSame ? end : (end - 1) * l.stride / l.divisor + l.after + 1;
}

}  // namespace

void Band::bounds(int32_t piece, int64_t& begin, int64_t& end) const {
  const BandStep& last = steps.back();
  const int64_t units = (last.height + last.lines.multiple - 1) / last.lines.multiple;
  begin = units * piece / pieces * last.lines.multiple;
  end = std::min(units * (piece + 1) / pieces * last.lines.multiple, last.height);
}

Sweep::Sweep(const Band& band, int64_t line) : band_(band) {
  const size_t count = band.steps.size();
  for (size_t k = 0; k < count; k++) from[k] = band.steps[k].height;
  from[count - 1] = line;
  for (size_t k = count; k-- > 0;) {
    const BandStep& step = band.steps[k];
    from[k] = std::max<int64_t>(from[k], 0) / step.lines.multiple * step.lines.multiple;
    for (const BandRead& read : step.reads) {
      int64_t& first = from[read.producer];
      first = std::min(first, first_needed(step, read, from[k]));
    }
  }
}

void Sweep::advance(int64_t end) {
  const size_t count = band_.steps.size();
  for (size_t k = 0; k < count; k++) {
    to[k] = from[k];
    keep[k] = band_.steps[k].height;
  }
  to[count - 1] = end;
  for (size_t k = count; k-- > 0;) {
    const BandStep& step = band_.steps[k];
    if (to[k] > from[k]) to[k] = std::min(round_up(to[k], step.lines.multiple), step.height);
    keep[k] = std::min(std::max<int64_t>(keep[k], 0), from[k]);
    for (const BandRead& read : step.reads) {
      const auto p = static_cast<size_t>(read.producer);
      keep[p] = std::min(keep[p], first_needed(step, read, from[k]));
      if (to[k] > from[k])
        to[p] = std::max(
            to[p], std::min(end_needed(step, read, to[k], band_.steps[p].height), band_.steps[p].height));
    }
  }
}

void Sweep::finish() {
  for (size_t k = 0; k < band_.steps.size(); k++) from[k] = to[k];
}

void size_buffers(Band& band) {
  for (BandStep& step : band.steps) step.capacity = 0;
  for (int32_t piece = 0; piece < band.pieces; piece++) {
    int64_t line, end;
    band.bounds(piece, line, end);
    Sweep sweep(band, line);
    while (line < end) {
      line = std::min(line + band.lines, end);
      sweep.advance(line);
      for (size_t k = 0; k < band.steps.size(); k++)
        band.steps[k].capacity = std::max(band.steps[k].capacity, sweep.to[k] - sweep.keep[k]);
      sweep.finish();
    }
  }
}

}  // namespace edgert
