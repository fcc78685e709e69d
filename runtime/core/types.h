// Element types and checked sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "edgert.h"

namespace edgert {

struct DtypeInfo {
  const char* name;
  size_t bytes;
};
inline constexpr DtypeInfo kDtypes[] = {
    {"?", 0},          {"f32", 4},    {"f64", 8},        {"f16", 2},      {"bf16", 2},     {"i8", 1},
    {"i16", 2},        {"i32", 4},    {"i64", 8},        {"u8", 1},       {"u16", 2},      {"u32", 4},
    {"u64", 8},        {"bool", 1},   {"c64", 8},        {"c128", 16},    {"string", 16},  {"f8e4m3fn", 1},
    {"f8e4m3fnuz", 1}, {"f8e5m2", 1}, {"f8e5m2fnuz", 1}, {"f8e8m0", 1},   {"i4", 1},       {"u4", 1},
    {"f4e2m1", 1},     {"i2", 1},     {"u2", 1},         {"sequence", 8}, {"optional", 8}, {"map", 8},
    {"f6e2m3", 1},     {"f6e3m2", 1},
};

// Whether this build computes with elements of a type: EDGERT_TYPES names those, each between spaces; all are
// if it is not given.
#if defined(EDGERT_TYPES)
constexpr bool is_built(int32_t dtype) {
  std::string_view all = EDGERT_TYPES, name = kDtypes[dtype].name;
  for (size_t at = all.find(name); at != all.npos; at = all.find(name, at + 1))
    if (all[at - 1] == ' ' && all[at + name.size()] == ' ') return true;
  return false;
}
#else
constexpr bool is_built(int32_t) { return true; }
#endif
template <int32_t Dtype>
constexpr bool built = is_built(Dtype);

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
