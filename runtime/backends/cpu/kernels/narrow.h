// Element types of eight bits and fewer: one element a byte, converted as ml_dtypes does.
#pragma once

#include "backends/cpu/kernels/storage.h"

namespace edgert::cpu {

// As load_function and store_function for the 8-bit floats, f6e2m3, f6e3m2, f4e2m1, i4, u4, i2 and u2; else
// nullptr. Bits above a narrow element's own are ignored when it is read and 0 when it is written.
LoadFunction narrow_load_function(int32_t dtype);
StoreFunction narrow_store_function(int32_t dtype);

}  // namespace edgert::cpu
