// From the bytes of a .edge file to a checked Model.
#pragma once

#include <memory>

#include "core/file.h"
#include "core/program.h"
#include "core/status.h"

namespace edgert {

// Checks the header, the FlatBuffer and every index, type and size once; a hostile or truncated file
// is EDGERT_ERROR_FORMAT with a reason. `verify` also checks the whole-file checksum.
Status load_model(std::shared_ptr<const File> file, bool verify, std::shared_ptr<const Model>& out);

// The semantic half: indices, types, order of definition; fills the derived fields and expands strings.
Status check_model(Model& model);

}  // namespace edgert
