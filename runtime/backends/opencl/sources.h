// The OpenCL C files of kernels/, embedded at build (embed.cmake).
#pragma once

#include <cstddef>

namespace edgert {

// `name` is the file's stem.
struct OpenclSource {
  const char* name;
  const char* text;
};

extern const OpenclSource kOpenclSources[];
extern const size_t kOpenclSourceCount;

}  // namespace edgert
