// Element types and checked sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "edgert.h"

namespace edgert {

// "f32"; "?" for an unknown code.
const char* dtype_name(int32_t dtype);
// Bytes of one element; 0 for an unknown code. Sub-byte elements take one byte each, strings are views, and
// a container is a handle.
size_t item_size(int32_t dtype);
// The type in which arithmetic on a storage type is done: f32 for small floats, i8/u8 for sub-byte.
int32_t compute_dtype(int32_t dtype);

// a * b or a + b into `out`; false where it overflows.
inline bool multiply(int64_t a, int64_t b, int64_t& out) { return !__builtin_mul_overflow(a, b, &out); }
inline bool add(int64_t a, int64_t b, int64_t& out) { return !__builtin_add_overflow(a, b, &out); }
// The product of dims; false where one is negative or the product overflows.
bool product(std::span<const int64_t> dims, int64_t& out);
// "[2, 3]"
std::string shape_text(std::span<const int64_t> dims);

}  // namespace edgert
