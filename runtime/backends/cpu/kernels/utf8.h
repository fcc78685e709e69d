// UTF-8 in and out of code points. A byte that is none of a well-formed sequence is kept as it is: as the
// number kLoneByte + byte, which is no code point.
#pragma once

#include <cstdint>

namespace edgert::cpu {

inline constexpr uint32_t kLoneByte = 0x110000;

// The code point at `at`, which moves behind it; at < end.
inline uint32_t next_point(const char*& at, const char* end) {
  const auto byte = [&](int i) { return static_cast<uint8_t>(at[i]); };
  const uint32_t first = byte(0);
  const int length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  bool whole = length > 0 && end - at >= length;
  uint32_t point = length == 1 ? first : first & (0x7fu >> length);
  for (int i = 1; whole && i < length; i++) {
    whole = byte(i) >> 6 == 2;
    point = point << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (!whole || point < least[length] || point > 0x10ffff || point >> 11 == 0x1b) {
    at++;
    return kLoneByte + first;
  }
  at += length;
  return point;
}

// Writes a number from `next_point` at `out`, unless that is null; how many bytes it takes.
inline int64_t put_point(uint32_t point, char* out) {
  const int length = point < 0x80 || point >= kLoneByte ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  if (!out) return length;
  if (length == 1) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  for (int i = length - 1; i > 0; i--, point >>= 6) out[i] = static_cast<char>(0x80 | (point & 0x3f));
  out[0] = static_cast<char>((0xf00u >> length & 0xff) | point);
  return length;
}

}  // namespace edgert::cpu
