// Which device runs which node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/program.h"
#include "core/status.h"

namespace edgert {

struct NodePlace {
  uint8_t device = 0;
  std::string reason;  // why it is not on the device asked for
};

struct GraphPlacement {
  bool reached = false;  // from the entry
  std::vector<NodePlace> nodes;
  std::vector<uint8_t> homes;  // the device of every value's storage
};

using Placement = std::vector<GraphPlacement>;

// Places every node below graph `entry`. `device` may be null: then all run on `host`. With `strict`, a node
// that the device cannot run is an error. An error lists every node that nothing can run.
Status place_nodes(const Model& model, int32_t entry, const Backend& host, const Backend* device, bool strict,
                   Placement& out);

}  // namespace edgert
