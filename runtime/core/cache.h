// The machine's caches.
#pragma once

#include <cstdint>

namespace edgert {

// Bytes of the second level's cache for one core; EDGERT_CACHE_BYTES says otherwise.
uint64_t cache_bytes();

}  // namespace edgert
