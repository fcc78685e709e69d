// Movement of elements of any type, by size.
#pragma once

#include "backends/opencl/launch.h"
#include "backends/opencl/pointwise_text.h"
#include "ops/view.h"

namespace edgert::cl {

// The OpenCL C type that moves an element of `bytes` bytes: "uint" for 4.
const char* element_text(size_t bytes);
// Result 0 is what `view` reads of operand 0.
Status plan_strided(Planner& planner, const StridedView& view);
// An operator whose operand 0 and result are moved: strings are not.
Status supports_movement(const Device& device, const NodeArgs& args);

}  // namespace edgert::cl
