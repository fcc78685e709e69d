#pragma once

#include <string>

#include "core/node.h"

namespace edgert {

// Empty where the scalar program is well-formed: known instructions, earlier registers, types that
// match (exporter's ops/program.py); else what is wrong.
std::string check_program(const Program& program);

}  // namespace edgert
