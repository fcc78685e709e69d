// Squares of 4 by 4 words, from which larger transposes are made.
#pragma once

#include <cstdint>
#include <cstring>

namespace edgert::cpu {

typedef uint32_t Words4 __attribute__((vector_size(16)));

// to[r][c] = from[c][r] of four rows and columns of 4 bytes, both contiguous along the inner axis; strides in
// bytes.
inline void transpose4(const void* from, void* to, int64_t from_stride, int64_t to_stride) {
  const char* source = static_cast<const char*>(from);
  char* target = static_cast<char*>(to);
  Words4 a, b, c, d;
  std::memcpy(&a, source, 16);
  std::memcpy(&b, source + from_stride, 16);
  std::memcpy(&c, source + 2 * from_stride, 16);
  std::memcpy(&d, source + 3 * from_stride, 16);
  const Words4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Words4 ab_rest = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Words4 cd_rest = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Words4 rows[] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5),
                         __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                         __builtin_shufflevector(ab_rest, cd_rest, 0, 1, 4, 5),
                         __builtin_shufflevector(ab_rest, cd_rest, 2, 3, 6, 7)};
  for (int r = 0; r < 4; r++) std::memcpy(target + r * to_stride, &rows[r], 16);
}

}  // namespace edgert::cpu
