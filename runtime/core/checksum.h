#pragma once

#include <cstddef>
#include <cstdint>

namespace edgert {

// CRC-32 with zlib's polynomial; `crc` is the value so far (0 to start).
uint32_t crc32(uint32_t crc, const void* data, size_t bytes);

}  // namespace edgert
