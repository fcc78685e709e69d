// Scalar programs with their broadcast operands, as parameters and expressions of a kernel.
#pragma once

#include <string>

#include "backends/opencl/launch.h"
#include "ops/pointwise.h"

namespace edgert::cl {

// The prelude's Walk: how to find a dense index's place in a strided tensor.
struct Walk {
  int32_t rank = 0;
  int32_t n[EDGERT_MAX_RANK] = {};
  int32_t s[EDGERT_MAX_RANK] = {};
};
Walk make_walk(std::span<const int64_t> dims, std::span<const int64_t> strides);

// Whether the node's program `attribute` (if it has one) and its operands from `first` on can be printed.
Status supports_program(const Device& device, const NodeArgs& args, const char* attribute, size_t first);
// "x3" of "x" and 3.
std::string numbered(const char* prefix, int number);
// "load_f32(x3_buffer + x3_start, <at>)".
std::string load_text(int32_t dtype, const std::string& name, const std::string& at);

// An epilogue: operand 0 is an accumulator, operand i is the kernel's parameter e<i>.
class Epilogue {
 public:
  // `pointwise` as parsed, not collapsed; node operand `first` is the program's operand 1.
  Epilogue(const Pointwise& pointwise, size_t first);
  // Defines EPILOGUE_PARAMETERS (each with a comma before it), STORE(at, value), which stores element `at`
  // of the result y, and EPILOGUE(value, at, row, column): the result of accumulator `value`, where row
  // counts all axes but the last. Where everything is f32, also EPILOGUE16: of 16 neighbours at once.
  void define(Source& source) const;
  // The arguments for EPILOGUE_PARAMETERS.
  void arguments(Launch& launch) const;

 private:
  enum class Kind { kScalar, kColumn, kDense, kAny };
  Kind kind(int operand) const;
  void define_vector(Source& source) const;

  const Pointwise& pointwise_;
  size_t first_;
};

}  // namespace edgert::cl
