// Inner loops, compiled once per ISA tier. A kernel takes the table at plan and keeps the pointer.
//
// A family is micro/<family>.h (a struct of function pointers, plain C types), micro/<family>.cc
// (`extern const <Type> <family>_micro` in namespace edgert::EDGERT_TIER) and one line in families.def.
#pragma once

namespace edgert {

#define EDGERT_MICRO(family, type) struct type;
#include "backends/cpu/micro/families.def"
#undef EDGERT_MICRO

struct Micro {
  const char* isa;  // "portable", "avx2", "avx512", "avx512vnni", "neon", "neondot"
  int lanes;        // of an f32 vector
#define EDGERT_MICRO(family, type) const type* family;
#include "backends/cpu/micro/families.def"
#undef EDGERT_MICRO
};

// The best tier this machine runs, or the one that the environment variable EDGERT_ISA names if the
// machine runs it. Read at every call: sessions planned under different values may live side by side.
const Micro& micro();

// The tier called `isa`; nullptr where this build or machine does not have it.
const Micro* find_micro(const char* isa);

}  // namespace edgert
