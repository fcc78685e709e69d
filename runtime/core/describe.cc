// Sessions as JSON text.
#include <cstdio>
#include <utility>

#include "core/devices.h"
#include "core/session.h"

namespace edgert {

std::string json_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

namespace {

std::string field(const char* name, const std::string& value) { return json_quoted(name) + ": " + value; }

// Appends the nodes of a graph and of its bodies. Each graph once: `told` are those that are there.
void describe_graph(const Model& model, Context& context, int32_t index, const std::string& path,
                    std::vector<uint8_t>& told, std::string& out) {
  if (std::exchange(told[static_cast<size_t>(index)], true)) return;
  const Graph& graph = model.graphs[static_cast<size_t>(index)];
  const GraphPlacement& placement = context.placement[static_cast<size_t>(index)];
  for (size_t s = 0; s < graph.segments.size(); s++)
    for (int32_t n = graph.segments[s].first_node; n < graph.segments[s].end_node; n++) {
      const Node& node = graph.nodes[static_cast<size_t>(n)];
      const NodePlace& place = placement.nodes[static_cast<size_t>(n)];
      if (node.is_alias()) continue;
      const bool on_device = place.device != kHost;
      out += out.ends_with('[') ? "" : ", ";
      out += "{" + field("name", json_quoted(node.info.name)) + ", " +
             field("op", json_quoted(node.info.op)) + ", " +
             field("device",
                   json_quoted(on_device ? std::string(context.backend(place.device).name()) : "cpu")) +
             ", " + field("reason", json_quoted(place.reason)) + ", " + field("segment", std::to_string(s)) +
             ", " + field("graph", json_quoted(path)) + "}";
      for (size_t g = 0; g < node.graphs.size(); g++)
        describe_graph(model, context, node.graphs[g], path + "/" + node.info.name + "." + std::to_string(g),
                       told, out);
    }
}

}  // namespace

std::string Session::description() const {
  std::string nodes = "[";
  const auto index = static_cast<int32_t>(&graph() - model().graphs.data());
  std::vector<uint8_t> told(model().graphs.size());
  describe_graph(model(), *context_, index, graph().name, told, nodes);
  const int last = context_->device_count() - 1;
  return "{" + field("device", json_quoted(std::string(context_->backend(last).name()))) + ", " +
         field("isa", json_quoted(cpu_isa())) + ", " + field("threads", std::to_string(settings_.threads)) +
         ", " + field("entry", json_quoted(model().entries[static_cast<size_t>(entry_)].name)) + ", " +
         field("producer", json_quoted(model().producer)) + ", " +
         field("arena_bytes", std::to_string(frame_->arena_bytes())) + ", " +
         field("allocated_bytes", std::to_string(context_->allocated())) + ", " +
         field("weight_bytes", std::to_string(model().data.size())) + ", " +
         field("segments", std::to_string(graph().segments.size())) + ", " + field("nodes", nodes + "]") +
         "}";
}

}  // namespace edgert
