// Storage types to compute types and back (DType.compute in edgec/ir/types.py).
#pragma once

#include <cstdint>

namespace edgert::cpu {

// n elements from `from` (`stride` elements apart) to dense `to`, or from dense `from` to dense `to`.
using LoadFunction = void (*)(void* to, const void* from, int64_t stride, int64_t n);
using StoreFunction = void (*)(void* to, const void* from, int64_t n);

// From a storage type to its compute type, and rounding to nearest even back; a plain copy where they are
// one. nullptr: the type is not handled.
LoadFunction load_function(int32_t dtype);
StoreFunction store_function(int32_t dtype);

float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float x);
float bf16_to_f32(uint16_t bits);
uint16_t f32_to_bf16(float x);

}  // namespace edgert::cpu
