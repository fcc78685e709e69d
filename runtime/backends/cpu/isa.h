#pragma once

namespace edgert {

// The name of the ISA tier that CPU kernels planned now use: "portable", "avx2", "avx512" or "neon".
const char* isa_name();

}  // namespace edgert
