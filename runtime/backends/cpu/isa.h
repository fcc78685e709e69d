#pragma once

#include <string>

namespace edgert {

// The name of the ISA tier that CPU kernels planned now use: "portable", "avx2", "avx512" or "neon".
const char* isa_name();
// Why EDGERT_ISA cannot be followed; empty where it can, or is not set.
std::string isa_problem();

}  // namespace edgert
