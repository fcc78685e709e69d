// Compiled programs on disk, so that a network's kernels are compiled once per machine and driver.
#pragma once

#include <string>

namespace edgert::cl {

// The folder: $EDGERT_CACHE_DIR, else $XDG_CACHE_HOME/edgert, else ~/.cache/edgert. Empty (no caching)
// where none of them is set or EDGERT_CACHE_DIR is set to the empty text.
std::string cache_folder();

// The binary stored for `identity` (device, driver, options) and `source`; empty where there is none or the
// entry is damaged or of another identity.
std::string load_program(const std::string& identity, const std::string& source);
// Stores it; a failure to write is no error. Readers see the old entry or the new one, never a part.
void store_program(const std::string& identity, const std::string& source, const std::string& binary);
// Deletes the entry, which the driver did not take.
void drop_program(const std::string& identity, const std::string& source);

}  // namespace edgert::cl
