#include "backends/cpu/kernels/generic_product.h"

#include <algorithm>

namespace edgert::cpu {
namespace {

// Elements are widened one by one: these products are rare, their types many.
template <class Sum, class Element>
Sum element(const void* data, int64_t i) {
  return static_cast<Sum>(static_cast<const Element*>(data)[i]);
}
template <class Sum, float (*Convert)(uint16_t)>
Sum half_element(const void* data, int64_t i) {
  return static_cast<Sum>(Convert(static_cast<const uint16_t*>(data)[i]));
}

template <class Sum>
using Fetch = Sum (*)(const void* data, int64_t i);

template <class Sum>
Fetch<Sum> fetch_of(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F32: return element<Sum, float>;
    case EDGERT_F64: return element<Sum, double>;
    case EDGERT_I8: return element<Sum, int8_t>;
    case EDGERT_I16: return element<Sum, int16_t>;
    case EDGERT_I32: return element<Sum, int32_t>;
    case EDGERT_I64: return element<Sum, int64_t>;
    case EDGERT_U8: return element<Sum, uint8_t>;
    case EDGERT_U16: return element<Sum, uint16_t>;
    case EDGERT_U32: return element<Sum, uint32_t>;
    case EDGERT_U64: return element<Sum, uint64_t>;
    case EDGERT_F16: return half_element<Sum, f16_to_f32>;
    case EDGERT_BF16: return half_element<Sum, bf16_to_f32>;
    default: return nullptr;
  }
}

// Integers wrap, so sums of signed and unsigned ones have the same bits.
float multiply_add(float a, float b, float c) { return a * b + c; }
double multiply_add(double a, double b, double c) { return a * b + c; }
int32_t multiply_add(int32_t a, int32_t b, int32_t c) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b) + static_cast<uint32_t>(c));
}
int64_t multiply_add(int64_t a, int64_t b, int64_t c) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b) + static_cast<uint64_t>(c));
}

template <class Sum, int32_t A, int32_t B>
void dot(const GenericDot& d, int64_t a, int64_t b, void* sum) {
  const Fetch<Sum> fetch_a = fetch_of<Sum>(A), fetch_b = fetch_of<Sum>(B);
  Sum total = *static_cast<Sum*>(sum);
  if (std::is_integral_v<Sum> && d.a_stride == 1 && d.b_stride == 1) {  // vectors, in any order
    for (int64_t i = 0; i < d.length; i++)
      total = multiply_add(fetch_a(d.a, a + i), fetch_b(d.b, b + i), total);
  } else {
    for (int64_t i = 0; i < d.length; i++)
      total = multiply_add(fetch_a(d.a, a + i * d.a_stride), fetch_b(d.b, b + i * d.b_stride), total);
  }
  *static_cast<Sum*>(sum) = total;
}

using Dot = void (*)(const GenericDot&, int64_t, int64_t, void*);

template <class Sum, int32_t A>
Dot dot_of(int32_t b) {
  if (b == A) return dot<Sum, A, A>;
  if (built<EDGERT_I8> && b == EDGERT_I8) return dot<Sum, A, EDGERT_I8>;
  if (built<EDGERT_U8> && b == EDGERT_U8) return dot<Sum, A, EDGERT_U8>;
  return nullptr;
}

template <class Sum>
Dot dot_of(int32_t a, int32_t b) {
  switch (a) {
    case EDGERT_F32: return built<EDGERT_F32> ? dot_of<Sum, EDGERT_F32>(b) : nullptr;
    case EDGERT_F64: return built<EDGERT_F64> ? dot_of<Sum, EDGERT_F64>(b) : nullptr;
    case EDGERT_F16: return built<EDGERT_F16> ? dot_of<Sum, EDGERT_F16>(b) : nullptr;
    case EDGERT_BF16: return built<EDGERT_BF16> ? dot_of<Sum, EDGERT_BF16>(b) : nullptr;
    case EDGERT_I8: return built<EDGERT_I8> ? dot_of<Sum, EDGERT_I8>(b) : nullptr;
    case EDGERT_I16: return built<EDGERT_I16> ? dot_of<Sum, EDGERT_I16>(b) : nullptr;
    case EDGERT_I32: return built<EDGERT_I32> ? dot_of<Sum, EDGERT_I32>(b) : nullptr;
    case EDGERT_I64: return built<EDGERT_I64> ? dot_of<Sum, EDGERT_I64>(b) : nullptr;
    case EDGERT_U8: return built<EDGERT_U8> ? dot_of<Sum, EDGERT_U8>(b) : nullptr;
    case EDGERT_U16: return built<EDGERT_U16> ? dot_of<Sum, EDGERT_U16>(b) : nullptr;
    case EDGERT_U32: return built<EDGERT_U32> ? dot_of<Sum, EDGERT_U32>(b) : nullptr;
    case EDGERT_U64: return built<EDGERT_U64> ? dot_of<Sum, EDGERT_U64>(b) : nullptr;
    default: return nullptr;
  }
}

}  // namespace

Status plan_generic(const Pointwise& epilogue, int32_t a, int32_t b, int32_t accumulator,
                    GenericEpilogue& out, edgert_plan& plan) {
  EDGERT_TRY(compile_tiles(epilogue, micro(), plan, out.program));
  switch (accumulator) {
    case EDGERT_F32: out.dot = built<EDGERT_F32> ? dot_of<float>(a, b) : nullptr; break;
    case EDGERT_F64: out.dot = built<EDGERT_F64> ? dot_of<double>(a, b) : nullptr; break;
    case EDGERT_I32:
    case EDGERT_U32:
      out.dot = built<EDGERT_I32> || built<EDGERT_U32> ? dot_of<int32_t>(a, b) : nullptr;
      break;
    case EDGERT_I64:
    case EDGERT_U64:
      out.dot = built<EDGERT_I64> || built<EDGERT_U64> ? dot_of<int64_t>(a, b) : nullptr;
      break;
    default: out.dot = nullptr;
  }
  if (!out.dot)
    return unsupported("a product of %s and %s in %s", dtype_name(a), dtype_name(b), dtype_name(accumulator));
  out.sum_size = static_cast<int64_t>(item_size(accumulator));
  const int64_t size = epilogue.size();
  out.pieces = pieces(size * 100, plan.threads);
  out.program_bytes = (out.program.scratch_bytes() + 63) / 64 * 64;
  plan.scratch_bytes =
      out.program_bytes * static_cast<uint64_t>(out.pieces) + static_cast<uint64_t>(size * out.sum_size);
  return {};
}

}  // namespace edgert::cpu
