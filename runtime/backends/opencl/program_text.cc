#include "backends/opencl/program_text.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

namespace edgert::cl {
namespace {

struct Type {
  int32_t dtype;
  const char* storage;
  const char* name;
  const char* wrapping;  // unsigned type in which integer arithmetic is done: it wraps there
  int bits;              // 0: not an integer
  bool is_signed;
};

constexpr Type kTypes[] = {
    {EDGERT_F32, "f32", "float", "", 0, true},
    {EDGERT_F64, "f64", "double", "", 0, true},
    {EDGERT_F16, "f16", "float", "", 0, true},
    {EDGERT_BF16, "bf16", "float", "", 0, true},
    {EDGERT_I8, "i8", "char", "uint", 8, true},
    {EDGERT_I16, "i16", "short", "uint", 16, true},
    {EDGERT_I32, "i32", "int", "uint", 32, true},
    {EDGERT_I64, "i64", "long", "ulong", 64, true},
    {EDGERT_U8, "u8", "uchar", "uint", 8, false},
    {EDGERT_U16, "u16", "ushort", "uint", 16, false},
    {EDGERT_U32, "u32", "uint", "uint", 32, false},
    {EDGERT_U64, "u64", "ulong", "ulong", 64, false},
    {EDGERT_BOOL, "bool", "bool", "", 0, false},
    // only stored: kernels/narrow.cl
    {EDGERT_F8E4M3FN, "f8e4m3fn", "float", "", 0, true},
    {EDGERT_F8E4M3FNUZ, "f8e4m3fnuz", "float", "", 0, true},
    {EDGERT_F8E5M2, "f8e5m2", "float", "", 0, true},
    {EDGERT_F8E5M2FNUZ, "f8e5m2fnuz", "float", "", 0, true},
    {EDGERT_F8E8M0, "f8e8m0", "float", "", 0, true},
    {EDGERT_F6E2M3, "f6e2m3", "float", "", 0, true},
    {EDGERT_F6E3M2, "f6e3m2", "float", "", 0, true},
    {EDGERT_F4E2M1, "f4e2m1", "float", "", 0, true},
    {EDGERT_I4, "i4", "char", "uint", 8, true},
    {EDGERT_U4, "u4", "uchar", "uint", 8, false},
    {EDGERT_I2, "i2", "char", "uint", 8, true},
    {EDGERT_U2, "u2", "uchar", "uint", 8, false},
};

constexpr Type kVectorFloat = {EDGERT_F32, "", "float16", "", 0, true};
constexpr Type kVectorBool = {EDGERT_BOOL, "", "int16", "", 0, false};

const Type* find_type(int32_t dtype) {
  for (const Type& type : kTypes)
    if (type.dtype == dtype) return &type;
  return nullptr;
}

enum class On { kAny, kFloat, kInt };

// How an instruction is written: $0, $1, $2 are its arguments, $T its argument type's name, $U the
// wrapping type, $B its bits, $S 1 where it is signed.
struct Rule {
  uint8_t code;
  On on;
  const char* text;
};

constexpr Rule kRules[] = {
    {2, On::kFloat, "-$0"},
    {2, On::kInt, "($T)(($U)0 - ($U)$0)"},
    {3, On::kFloat, "fabs($0)"},
    {3, On::kInt, "($T)($0 < 0 ? ($U)0 - ($U)$0 : ($U)$0)"},
    {4, On::kFloat, "$0 != $0 ? $0 : ($T)(($0 > 0) - ($0 < 0))"},
    {4, On::kInt, "($T)(($0 > 0) - ($0 < 0))"},
    {5, On::kFloat, "ceil($0)"},
    {6, On::kFloat, "floor($0)"},
    {7, On::kFloat, "rint($0)"},
    {8, On::kFloat, "trunc($0)"},
    {5, On::kInt, "$0"},
    {6, On::kInt, "$0"},
    {7, On::kInt, "$0"},
    {8, On::kInt, "$0"},
    {9, On::kFloat, "sqrt($0)"},
    {10, On::kFloat, "1 / $0"},
    {10, On::kInt, "$0 == 1 || ($S && $0 == ($T)-1) ? $0 : ($T)0"},
    {11, On::kFloat, "exp($0)"},
    {12, On::kFloat, "log($0)"},
    {13, On::kFloat, "expm1($0)"},
    {14, On::kFloat, "log1p($0)"},
    {15, On::kFloat, "sin($0)"},
    {16, On::kFloat, "cos($0)"},
    {17, On::kFloat, "tan($0)"},
    {18, On::kFloat, "asin($0)"},
    {19, On::kFloat, "acos($0)"},
    {20, On::kFloat, "atan($0)"},
    {21, On::kFloat, "sinh($0)"},
    {22, On::kFloat, "cosh($0)"},
    {23, On::kFloat, "tanh($0)"},
    {24, On::kFloat, "asinh($0)"},
    {25, On::kFloat, "acosh($0)"},
    {26, On::kFloat, "atanh($0)"},
    {27, On::kFloat, "erf($0)"},
    {28, On::kFloat, "1 / (1 + exp(-$0))"},
    {29, On::kAny, "!$0"},
    {30, On::kInt, "($T)~$0"},
    {31, On::kFloat, "$0 != $0"},
    {32, On::kFloat, "fabs($0) == INFINITY"},
    {40, On::kFloat, "$0 + $1"},
    {41, On::kFloat, "$0 - $1"},
    {42, On::kFloat, "$0 * $1"},
    {43, On::kFloat, "$0 / $1"},
    {40, On::kInt, "($T)(($U)$0 + ($U)$1)"},
    {41, On::kInt, "($T)(($U)$0 - ($U)$1)"},
    {42, On::kInt, "($T)(($U)$0 * ($U)$1)"},
    {44, On::kFloat, "edge_mod_$T($0, $1)"},
    {45, On::kFloat, "fmod($0, $1)"},
    {46, On::kFloat, "pow($0, $1)"},
    {47, On::kAny, "$0 != $0 || $0 < $1 ? $0 : $1"},
    {48, On::kAny, "$0 != $0 || $0 > $1 ? $0 : $1"},
    {49, On::kAny, "$0 == $1"},
    {50, On::kAny, "$0 != $1"},
    {51, On::kAny, "$0 < $1"},
    {52, On::kAny, "$0 <= $1"},
    {53, On::kAny, "$0 > $1"},
    {54, On::kAny, "$0 >= $1"},
    {55, On::kAny, "$0 && $1"},
    {56, On::kAny, "$0 || $1"},
    {57, On::kAny, "!$0 != !$1"},
    {58, On::kAny, "($T)($0 & $1)"},
    {59, On::kAny, "($T)($0 | $1)"},
    {60, On::kAny, "($T)($0 ^ $1)"},
    {61, On::kInt, "$1 < 0 || $1 >= $B ? ($T)0 : ($T)(($U)$0 << $1)"},
    {62, On::kInt, "$1 < 0 || $1 >= $B ? ($T)($S && $0 < 0 ? -1 : 0) : ($T)($0 >> $1)"},
    {70, On::kAny, "$0 ? $1 : $2"},
};

// Of integers, guarded: division by 0, and by -1 which wraps.
constexpr Rule kDivisions[] = {
    {43, On::kInt, "$1 == 0 ? ($T)0 : $S && $1 == ($T)-1 ? ($T)(($U)0 - ($U)$0) : ($T)($0 / $1)"},
    {44, On::kInt, "$1 == 0 || ($S && $1 == ($T)-1) ? ($T)0 : edge_floor_mod_$T($0, $1)"},
    {45, On::kInt, "$1 == 0 || ($S && $1 == ($T)-1) ? ($T)0 : ($T)($0 % $1)"},
    {46, On::kInt, "edge_power_$T($0, $1)"},
};

const Rule* find_rule(uint8_t code, const Type& type) {
  const On kind = type.bits ? On::kInt : type.dtype == EDGERT_BOOL ? On::kAny : On::kFloat;
  for (const Rule& rule : kRules)
    if (rule.code == code && (rule.on == On::kAny || rule.on == kind)) return &rule;
  for (const Rule& rule : kDivisions)
    if (rule.code == code && rule.on == kind) return &rule;
  return nullptr;
}

constexpr uint8_t kConst = 0, kCast = 1, kSelect = 70;

std::string float_text(double value, const Type& type) {
  const bool is_double = type.dtype == EDGERT_F64;
  if (!is_double) value = static_cast<float>(value);
  if (std::isnan(value)) return is_double ? "as_double(0x7FF8000000000000UL)" : "as_float(0x7FC00000u)";
  if (std::isinf(value)) return std::string(value < 0 ? "-" : "") + "(" + type.name + ")INFINITY";
  char text[64];
  std::snprintf(text, sizeof(text), "%a%s", value, is_double ? "" : "f");
  return text;
}

std::string const_text(const Instruction& instruction, const Type& type) {
  if (!type.bits && type.dtype != EDGERT_BOOL) {
    double value;
    std::memcpy(&value, &instruction.imm, sizeof(value));
    return float_text(value, type);
  }
  if (type.dtype == EDGERT_BOOL) return instruction.imm ? "true" : "false";
  char text[64];
  std::snprintf(text, sizeof(text), "(%s)0x%llxUL", type.name,
                static_cast<unsigned long long>(instruction.imm));
  return text;
}

// Floats to integers truncate and saturate, NaN is 0; integers wrap; to bool is != 0.
std::string cast_text(const std::string& from, const Type& source, const Type& target) {
  if (target.dtype == EDGERT_BOOL) return from + " != 0";
  const bool from_float = !source.bits && source.dtype != EDGERT_BOOL;
  if (from_float && target.bits)
    return from + " != " + from + " ? (" + target.name + ")0 : convert_" + target.name + "_sat_rtz(" + from +
           ")";
  return std::string("(") + target.name + ")" + from;
}

std::string vector_cast_text(const std::string& from, const Type& source, const Type& target) {
  if (target.dtype == EDGERT_BOOL) return source.dtype == EDGERT_BOOL ? from : from + " != 0";
  return source.dtype == EDGERT_BOOL ? "select((float16)0, (float16)1, " + from + ")" : from;
}

std::string vector_const_text(const Instruction& instruction, const Type& scalar) {
  if (scalar.dtype == EDGERT_BOOL) return instruction.imm ? "(int16)-1" : "(int16)0";
  return "(float16)(" + const_text(instruction, scalar) + ")";
}

std::string expand(const char* rule, const std::vector<std::string>& args, const Type& type) {
  std::string text;
  for (const char* c = rule; *c; c++) {
    if (*c != '$') {
      text += *c;
      continue;
    }
    switch (*++c) {
      case 'T': text += type.name; break;
      case 'U': text += type.wrapping; break;
      case 'B': text += std::to_string(type.bits); break;
      case 'S': text += type.is_signed ? "1" : "0"; break;
      default: text += args[*c - '0'];
    }
  }
  return text;
}

// Functions that the rules of one type call; printed before the program when an instruction needs them.
std::string helper_text(uint8_t code, const Type& type) {
  std::vector<std::string> none;
  if (code == 44 && !type.bits)
    return expand(
        "static $T edge_mod_$T($T a, $T b) {\n"
        "  $T r = fmod(a, b);\n"
        "  if (r == 0) return copysign(r, b);\n"
        "  return (r < 0) != (b < 0) ? r + b : r;\n}\n",
        none, type);
  if (code == 44)
    return expand(
        "static $T edge_floor_mod_$T($T a, $T b) {\n"
        "  $T r = ($T)(a % b);\n"
        "  return r != 0 && (r < 0) != (b < 0) ? ($T)(r + b) : r;\n}\n",
        none, type);
  if (code == 46 && type.bits)
    return expand(
        "static $T edge_power_$T($T a, $T b) {\n"
        "  if (b < 0) return a == 1 ? 1 : a == ($T)-1 ? ((b & 1) ? ($T)-1 : ($T)1) : ($T)0;\n"
        "  $U result = 1, base = ($U)a;\n"
        "  for (; b; b >>= 1, base *= base)\n"
        "    if (b & 1) result *= base;\n"
        "  return ($T)result;\n}\n",
        none, type);
  return {};
}

std::string register_name(size_t number) {
  std::string name = "r";
  return name += std::to_string(number);
}

int arity(uint8_t code) { return code == kConst ? 0 : code < 40 ? 1 : code < kSelect ? 2 : 3; }

}  // namespace

const char* type_text(int32_t dtype) {
  const Type* type = find_type(dtype);
  return type ? type->name : nullptr;
}

const char* storage_text(int32_t dtype) {
  const Type* type = find_type(dtype);
  return type ? type->storage : nullptr;
}

bool can_print(const Program& program, bool fp64, std::string& why) {
  std::vector<uint8_t> types(program.operands);
  for (const Instruction& instruction : program.code) {
    const uint16_t args[] = {instruction.a, instruction.b, instruction.c};
    const uint8_t typed = instruction.code == kSelect ? types[args[1]]
                          : arity(instruction.code)   ? types[args[0]]
                                                      : instruction.dtype;
    const Type* type = find_type(typed);
    if (type && find_type(instruction.dtype) && instruction.code > kCast &&
        !find_rule(instruction.code, *type)) {
      why =
          "instruction " + std::to_string(instruction.code) + " of " + type->storage + " has no OpenCL form";
      return false;
    }
    types.push_back(instruction.dtype);
  }
  for (uint8_t dtype : types) {
    if (find_type(dtype) && (fp64 || dtype != EDGERT_F64)) continue;
    why = dtype == EDGERT_F64 ? "the device has no f64" : "the program's type has no OpenCL form";
    return false;
  }
  return true;
}

bool can_print_vector(const Program& program) {
  constexpr uint8_t kSign = 4, kMod = 44;
  auto known = [](uint8_t dtype) { return dtype == EDGERT_F32 || dtype == EDGERT_BOOL; };
  for (uint8_t dtype : program.operands)
    if (dtype != EDGERT_F32) return false;
  for (const Instruction& instruction : program.code)
    if (!known(instruction.dtype) || instruction.code == kSign || instruction.code == kMod) return false;
  return program.result_dtype() == EDGERT_F32;
}

std::string program_text(const Program& program, const char* name, bool vector) {
  std::vector<const Type*> types;
  auto typed = [&](uint8_t dtype) {
    return !vector ? find_type(dtype) : dtype == EDGERT_BOOL ? &kVectorBool : &kVectorFloat;
  };
  std::string parameters, body, helpers;
  for (size_t i = 0; i < program.operands.size(); i++) {
    types.push_back(typed(program.operands[i]));
    parameters += std::string(i ? ", " : "") + types.back()->name + " " + register_name(i);
  }
  for (const Instruction& instruction : program.code) {
    const Type& result = *typed(instruction.dtype);
    const uint16_t numbers[] = {instruction.a, instruction.b, instruction.c};
    std::vector<std::string> args;
    for (int i = 0; i < arity(instruction.code); i++) args.push_back(register_name(numbers[i]));
    std::string value;
    if (instruction.code == kConst) {
      const Type& scalar = *find_type(instruction.dtype);
      value = vector ? vector_const_text(instruction, scalar) : const_text(instruction, scalar);
    } else if (instruction.code == kCast) {
      const Type& source = *types[numbers[0]];
      value = vector ? vector_cast_text(args[0], source, result) : cast_text(args[0], source, result);
    } else {
      const Type& type = *types[numbers[instruction.code == kSelect ? 1 : 0]];
      const std::string helper = helper_text(instruction.code, type);
      if (helpers.find(helper) == std::string::npos) helpers += helper;
      value = expand(find_rule(instruction.code, type)->text, args, type);
    }
    body += std::string("  const ") + result.name + " " + register_name(types.size()) + " = " + value + ";\n";
    types.push_back(&result);
  }
  return helpers + "static inline " + types.back()->name + " " + name + "(" + parameters +
         ") {\n#pragma OPENCL FP_CONTRACT OFF\n" + body + "  return " + register_name(types.size() - 1) +
         ";\n}\n";
}

}  // namespace edgert::cl
