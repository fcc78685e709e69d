// One graph of a loaded file: its values, nodes, segments and names.
#pragma once

#include "core/program.h"
#include "core/status.h"

namespace edgert {

// Every index and type is sound and values are defined before use; fills the derived fields of the graph's
// values, nodes and segments (but for Segment::key).
Status check_graph(const Model& model, Graph& graph);

// EDGERT_ERROR_FORMAT, "load: ...".
[[gnu::format(printf, 1, 2)]] Status bad(const char* format, ...);
inline bool within(int32_t index, size_t count) { return index >= 0 && static_cast<size_t>(index) < count; }

}  // namespace edgert
