// Element types of eight bits and fewer, one element a byte, converted as on the CPU (kernels/narrow.cc there).

// What a format does with the codes at its ends: infinity and NaN as IEEE 754, all bits NaN, the code of -0
// NaN, or numbers only.
enum { EDGE_INFINITY, EDGE_NAN, EDGE_UNSIGNED, EDGE_FINITE };

static inline float edge_narrow_to_f32(uint code, int exponent_bits, int mantissa, int bias, int ends) {
  const uint ones = (1u << (exponent_bits + mantissa)) - 1, fractions = (1u << mantissa) - 1;
  const uint size = code & ones, sign = code & (ones + 1) ? 1u << 31 : 0;
  const uint greatest = ends == EDGE_INFINITY ? ones - fractions - 1 : ends == EDGE_NAN ? ones - 1 : ones;
  if (ends == EDGE_UNSIGNED && (code & (2 * ones + 1)) == ones + 1) return as_float(0x7fc00000u);
  if (size > greatest)
    return as_float(sign | (ends == EDGE_INFINITY && size == greatest + 1 ? 0x7f800000u : 0x7fc00000u));
  const uint exponent = size >> mantissa, fraction = size & fractions;
  if (exponent == 0)
    return as_float(sign | as_uint((float)fraction * as_float((uint)(128 - bias - mantissa) << 23)));
  return as_float(sign | (exponent + 127 - bias) << 23 | fraction << (23 - mantissa));
}

static inline uchar edge_f32_to_narrow(float x, int exponent_bits, int mantissa, int bias, int ends) {
  const uint ones = (1u << (exponent_bits + mantissa)) - 1, fractions = (1u << mantissa) - 1;
  const uint bits = as_uint(x), size = bits & 0x7fffffffu, sign = bits >> 31 ? ones + 1 : 0;
  const uint greatest = ends == EDGE_INFINITY ? ones - fractions - 1 : ends == EDGE_NAN ? ones - 1 : ones;
  const uint nan = ends == EDGE_UNSIGNED ? ones + 1 : ends == EDGE_INFINITY ? ones - fractions / 2 : ones;
  const int shift = 23 - mantissa;
  uint code;
  if (size > 0x7f800000u) {
    if (ends == EDGE_FINITE) return (uchar)(sign ^ (ones + 1));
    code = nan;
  } else if (size < (uint)(128 - bias) << 23) {
    // Below the least normal number all codes are multiples of one step: an addition rounds to it.
    const uint step = (uint)(128 - bias + shift) << 23;
    code = as_uint(as_float(size) + as_float(step)) - step;
  } else {
    code = ((size + (1u << (shift - 1)) - 1 + (size >> shift & 1)) >> shift) - ((uint)(127 - bias) << mantissa);
    if (code > greatest) code = ends == EDGE_FINITE ? greatest : ends == EDGE_INFINITY ? greatest + 1 : nan;
  }
  return (uchar)(ends == EDGE_UNSIGNED && (code == 0 || code == ones + 1) ? code : sign | code);
}

#define EDGE_NARROW_FLOAT(dtype, exponent, mantissa, bias, ends)                  \
  static inline float load_##dtype(__global const uchar *p, size_t i) {           \
    return edge_narrow_to_f32(p[i], exponent, mantissa, bias, ends);              \
  }                                                                               \
  static inline void store_##dtype(__global uchar *p, size_t i, float v) {        \
    p[i] = edge_f32_to_narrow(v, exponent, mantissa, bias, ends);                 \
  }
EDGE_NARROW_FLOAT(f8e4m3fn, 4, 3, 7, EDGE_NAN)
EDGE_NARROW_FLOAT(f8e4m3fnuz, 4, 3, 8, EDGE_UNSIGNED)
EDGE_NARROW_FLOAT(f8e5m2, 5, 2, 15, EDGE_INFINITY)
EDGE_NARROW_FLOAT(f8e5m2fnuz, 5, 2, 16, EDGE_UNSIGNED)
EDGE_NARROW_FLOAT(f6e2m3, 2, 3, 1, EDGE_FINITE)
EDGE_NARROW_FLOAT(f6e3m2, 3, 2, 3, EDGE_FINITE)
EDGE_NARROW_FLOAT(f4e2m1, 2, 1, 1, EDGE_FINITE)

// Powers of two from 2^-127; what is not above 0 is NaN. Halfway between two goes to the greater.
static inline float load_f8e8m0(__global const uchar *p, size_t i) {
  return as_float(p[i] == 255 ? 0x7fc00000u : p[i] ? (uint)p[i] << 23 : 0x400000u);
}
static inline void store_f8e8m0(__global uchar *p, size_t i, float v) {
  const uint bits = as_uint(v);
  const bool number = bits != 0 && bits < 0x7f400000u;
  p[i] = (uchar)(!number ? 255 : bits < 0x800000u ? bits > 0x400000u : (bits + 0x400000u) >> 23);
}

#define EDGE_NARROW_INT(dtype, type, bits, sign)                                                               \
  static inline type load_##dtype(__global const uchar *p, size_t i) {                                         \
    return (type)(((p[i] & ((1 << bits) - 1)) ^ sign) - sign);                                                 \
  }                                                                                                            \
  static inline void store_##dtype(__global uchar *p, size_t i, type v) { p[i] = (uchar)v & ((1 << bits) - 1); }
EDGE_NARROW_INT(i4, char, 4, 8)
EDGE_NARROW_INT(u4, uchar, 4, 0)
EDGE_NARROW_INT(i2, char, 2, 2)
EDGE_NARROW_INT(u2, uchar, 2, 0)
