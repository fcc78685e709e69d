#include "core/cache.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace edgert {
namespace {

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

uint64_t cache_bytes() {
  const char* given = std::getenv("EDGERT_CACHE_BYTES");
  if (given && *given) return std::strtoull(given, nullptr, 10);
  static const uint64_t found = find_cache();
  return found;
}

}  // namespace edgert
