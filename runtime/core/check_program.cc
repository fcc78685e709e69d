#include "core/check_program.h"

#include "core/object.h"
#include "core/types.h"

namespace edgert {
namespace {

constexpr size_t kMaxOperands = 16, kMaxInstructions = 128;
enum : uint8_t { kConst = 0, kCast = 1, kNot = 29, kIsNan = 31, kIsInf = 32, kUnaryEnd = 33 };
enum : uint8_t { kBinary = 40, kEq = 49, kXor = 57, kBinaryEnd = 63, kSelect = 70 };

// Number of register arguments; -1 for an unknown instruction.
int argument_count(uint8_t code) {
  if (code == kConst) return 0;
  if (code < kUnaryEnd) return 1;
  if (code >= kBinary && code < kBinaryEnd) return 2;
  return code == kSelect ? 3 : -1;
}

bool is_predicate(uint8_t code) {
  return code == kNot || code == kIsNan || code == kIsInf || (code >= kEq && code <= kXor);
}

bool is_compute_type(uint8_t dtype) {
  return item_size(dtype) != 0 && compute_dtype(dtype) == dtype && !holds_pointers(dtype);
}

}  // namespace

std::string check_program(const Program& program) {
  if (program.operands.size() > kMaxOperands || program.code.size() > kMaxInstructions)
    return "it has more than 16 operands or 128 instructions";
  std::vector<uint8_t> types = program.operands;
  for (uint8_t t : types)
    if (!is_compute_type(t)) return "an operand is of type " + std::string(dtype_name(t));
  for (const Instruction& i : program.code) {
    const std::string at = "instruction " + std::to_string(types.size() - program.operands.size());
    const int count = argument_count(i.code);
    if (count < 0) return at + " has unknown code " + std::to_string(i.code);
    if (!is_compute_type(i.dtype)) return at + " is of type " + dtype_name(i.dtype);
    const uint16_t arguments[] = {i.a, i.b, i.c};
    for (int k = 0; k < count; k++)
      if (arguments[k] >= types.size()) return at + " reads register " + std::to_string(arguments[k]);
    const uint8_t result = is_predicate(i.code) ? static_cast<uint8_t>(EDGERT_BOOL) : i.dtype;
    if (result != i.dtype) return at + " is of type " + dtype_name(i.dtype) + ", expected bool";
    if (i.code == kSelect && types[i.a] != EDGERT_BOOL) return at + " selects on " + dtype_name(types[i.a]);
    const int first = i.code == kSelect ? 1 : 0;
    for (int k = first; k < count; k++) {
      const uint8_t expected = is_predicate(i.code) ? types[arguments[first]] : i.dtype;
      if (i.code != kCast && types[arguments[k]] != expected)
        return at + " reads " + dtype_name(types[arguments[k]]) + ", expected " + dtype_name(expected);
    }
    types.push_back(i.dtype);
  }
  if (types.empty()) return "it has no value";
  return {};
}

}  // namespace edgert
