// Which nodes may touch strings and containers. Their elements are pointers, so no operator may make one of
// other bytes, and none may compute on them as if they were numbers.
#pragma once

#include "core/program.h"
#include "core/status.h"

namespace edgert {

// A value's type: containers are scalars, and what they hold is read from its text.
Status check_value_type(Value& value);
// A node with a string or container among its operands or results is of one of three kinds: it moves elements
// (to a result of its first operand's type), it runs bodies, or its kernels check what they read and make
// (the operators on text and containers, and custom ones). No built-in kernel has more than one such result.
Status check_pointers(const Graph& graph, const Node& node);

}  // namespace edgert
