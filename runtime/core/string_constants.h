// Constants of strings: from offsets and bytes in the file to edgert_string[].
#pragma once

#include "core/program.h"
#include "core/status.h"

namespace edgert {

// Checks every form of kind "strings" (schemas/README.md) and replaces it by a plain one whose elements point
// into the file. Only string constants may have such forms, and they have no others.
Status expand_strings(Model& model);

// Whether the bytes are UTF-8: no stray, missing or overlong sequences, no surrogates.
bool is_utf8(const char* text, uint64_t bytes);

}  // namespace edgert
