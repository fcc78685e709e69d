// A node as kernels see it: names and attributes, integer expressions already evaluated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edgert.h"

namespace edgert {

// One instruction of a scalar program; the layout is the file's (schemas/edge.fbs).
struct Instruction {
  int64_t imm;
  uint16_t a, b, c;
  uint8_t code, dtype;
};
static_assert(sizeof(Instruction) == 16);

// Registers 0..operands.size()-1 are the operands (their compute dtypes), each instruction adds one;
// the last register is the result. The loader has checked indices, codes, counts and dtypes.
struct Program {
  std::vector<uint8_t> operands;
  std::vector<Instruction> code;
  uint8_t result_dtype() const { return code.empty() ? operands.back() : code.back().dtype; }
};

struct Attribute {
  std::string name;
  std::vector<int64_t> ints;
  std::vector<int32_t> exprs;  // when not empty, `ints` are their values at bind
  std::vector<double> floats;
  std::vector<std::string> strings;
  Program program;
};

}  // namespace edgert

struct edgert_node {
  std::string name;
  std::string op;
  std::vector<edgert::Attribute> attributes;

  const edgert::Attribute* find(std::string_view attribute) const {
    for (const auto& a : attributes)
      if (a.name == attribute) return &a;
    return nullptr;
  }
  std::span<const int64_t> ints(std::string_view attribute) const {
    const auto* a = find(attribute);
    return a ? std::span<const int64_t>(a->ints) : std::span<const int64_t>();
  }
  int64_t integer(std::string_view attribute, int64_t otherwise) const {
    auto v = ints(attribute);
    return v.empty() ? otherwise : v[0];
  }
  double number(std::string_view attribute, double otherwise) const {
    const auto* a = find(attribute);
    return a && !a->floats.empty() ? a->floats[0] : otherwise;
  }
  std::string_view string(std::string_view attribute) const {
    const auto* a = find(attribute);
    return a && !a->strings.empty() ? std::string_view(a->strings[0]) : std::string_view();
  }
  // The scalar program of `attribute`; null where there is none.
  const edgert::Program* program(std::string_view attribute) const {
    const auto* a = find(attribute);
    const bool given = a && (!a->program.operands.empty() || !a->program.code.empty());
    return given ? &a->program : nullptr;
  }
};
