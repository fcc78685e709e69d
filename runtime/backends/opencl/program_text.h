// Scalar programs (edgec/ops/program.py) as OpenCL C.
#pragma once

#include <string>

#include "core/node.h"

namespace edgert::cl {

// The OpenCL C type of a compute dtype: EDGERT_F32 is "float".
const char* type_text(int32_t dtype);
// The suffix of the prelude's load_ and store_ functions of a storage dtype: "f32", "bf16", ...; null
// where they have none for it.
const char* storage_text(int32_t dtype);

// Whether the program can be printed on vectors of 16: f32 throughout, but for truths.
bool can_print_vector(const Program& program);

// A function `result name(operand 0, operand 1, ...)` over compute types with exactly the program's
// meaning. exp, log, tanh, erf and their kin are the driver's, within OpenCL's bounds (16 ulp at most).
//
// Example: x0 + 1.0f of f32 gives
//   static float edge_program(float r0) { float r1 = 0x1p+0f; float r2 = r0 + r1; return r2; }
// With `vector` (can_print_vector) the same on 16 elements at once: float16, truths as int16.
std::string program_text(const Program& program, const char* name, bool vector = false);

// Whether every instruction can be printed; `why` gets the reason if not.
bool can_print(const Program& program, bool fp64, std::string& why);

}  // namespace edgert::cl
