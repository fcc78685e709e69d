// What was found quickest on a machine (`edgec tune`): hints, which no network needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/status.h"

namespace edgert {

struct Tuning {
  std::string isa;
  int32_t threads = 0;
  std::optional<uint64_t> cache;                      // bytes that bands count on
  std::unordered_map<std::string, std::string> ways;  // by node

  // edgert_plan::way of a node.
  const char* way(const std::string& node) const {
    const auto found = ways.find(node);
    return found == ways.end() ? nullptr : found->second.c_str();
  }
};

// Lines of a word and what it says, after "edgert tuning 1": `isa avx512`, `threads 1`, `cache 1048576`,
// `node winograd conv_3`. An error where the file is damaged or made for another tier or other threads.
Status read_tuning(const char* path, const std::string& isa, int32_t threads, Tuning& out);

// A decimal number without sign or blanks.
bool parse_number(std::string_view text, uint64_t& out);

}  // namespace edgert
