#include "core/tuning.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "core/file.h"

namespace edgert {
namespace {

constexpr std::string_view kFirstLine = "edgert tuning 1";
constexpr size_t kMostBytes = 4 << 20;

// The text up to `end`, which is taken off `rest` with it.
std::string_view take(std::string_view& rest, char end) {
  const size_t length = std::min(rest.find(end), rest.size());
  const std::string_view taken = rest.substr(0, length);
  rest.remove_prefix(std::min(length + 1, rest.size()));
  return taken;
}

bool parse_line(std::string_view line, Tuning& out) {
  const std::string_view word = take(line, ' ');
  uint64_t number = 0;
  if (word == "isa") {
    out.isa = line;
  } else if (word == "threads") {
    if (!parse_number(line, number) || number > INT32_MAX) return false;
    out.threads = static_cast<int32_t>(number);
  } else if (word == "cache") {
    if (!parse_number(line, number)) return false;
    out.cache = number;
  } else if (word == "node") {
    const std::string_view way = take(line, ' ');
    if (way.empty()) return false;
    out.ways[std::string(line)] = way;
  } else {
    return false;
  }
  return true;
}

Status parse(std::string_view text, Tuning& out) {
  if (text.size() > kMostBytes) return error(EDGERT_ERROR_FORMAT, "it has %zu bytes", text.size());
  if (take(text, '\n') != kFirstLine) return error(EDGERT_ERROR_FORMAT, "line 1 is not 'edgert tuning 1'");
  for (int number = 2; !text.empty(); number++) {
    const std::string_view line = take(text, '\n');
    if (!line.empty() && !parse_line(line, out))
      return error(EDGERT_ERROR_FORMAT, "line %d cannot be read", number);
  }
  return {};
}

}  // namespace

bool parse_number(std::string_view text, uint64_t& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size();
}

Status read_tuning(const char* path, const std::string& isa, int32_t threads, Tuning& out) {
  std::shared_ptr<const File> file;
  if (!File::open(path, file).ok()) return error(EDGERT_ERROR_IO, "it cannot be read");
  const auto bytes = file->bytes();
  EDGERT_TRY(parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, out));
  if (out.isa != isa) return error(EDGERT_ERROR_FORMAT, "it is not for %s", isa.c_str());
  if (out.threads != threads)
    return error(EDGERT_ERROR_FORMAT, "it is for %d threads, not for %d", out.threads, threads);
  return {};
}

}  // namespace edgert
