#include "core/bands.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

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

// A small file's text; empty where it cannot be read.
std::string read_text(const std::string& path) {
  char text[64] = "";
  if (FILE* file = std::fopen(path.c_str(), "re")) {
    if (!std::fgets(text, sizeof text, file)) text[0] = 0;
    std::fclose(file);
  }
  return text;
}

// How many numbers a list such as "0-3,8" names.
int64_t count_listed(const std::string& list) {
  int64_t count = 0;
  for (const char* at = list.c_str(); *at;) {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    if (end == at) break;
    const long last = *end == '-' ? std::strtol(end + 1, &end, 10) : first;
    count += std::max<int64_t>(last - first + 1, 1);
    at = *end == ',' ? end + 1 : end;
  }
  return std::max<int64_t>(count, 1);
}

uint64_t find_cache() {
  constexpr uint64_t kUsual = 512 << 10, kLeast = 64 << 10, kMost = 4 << 20;
  for (int i = 0; i < 5; i++) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    if (read_text(folder + "level").substr(0, 1) != "2") continue;
    const std::string size = read_text(folder + "size");
    char* unit = nullptr;
    uint64_t bytes = std::strtoull(size.c_str(), &unit, 10);
    bytes <<= *unit == 'M' ? 20 : *unit == 'K' ? 10 : 0;
    return std::clamp(bytes / static_cast<uint64_t>(count_listed(read_text(folder + "shared_cpu_list"))),
                      kLeast, kMost);
  }
  return kUsual;
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

uint64_t cache_bytes() {
  const char* given = std::getenv("EDGERT_CACHE_BYTES");
  if (given && *given) return std::strtoull(given, nullptr, 10);
  static const uint64_t found = find_cache();
  return found;
}

}  // namespace edgert
