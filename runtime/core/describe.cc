// Sessions as JSON text.
#include <cstdio>
#include <utility>

#include "core/devices.h"
#include "core/session.h"
#include "core/types.h"

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

std::string shapes(const Frame& frame, const std::vector<int32_t>& values) {
  std::string text;
  for (int32_t v : values) {
    text += text.empty() ? "[" : ", ";
    text += v < 0 ? "null"
                  : "[" + json_quoted(dtype_name(frame.graph().values[static_cast<size_t>(v)].dtype)) + ", " +
                        shape_text(frame.dims(v)) + "]";
  }
  return text.empty() ? "[]" : text + "]";
}

// What a node took, and the types it had in its last run.
std::string timing(const Frame& frame, size_t n) {
  const Node& node = frame.graph().nodes[n];
  const NodeTime time = frame.time_of(n);
  return ", " + field("calls", std::to_string(time.calls)) + ", " +
         field("nanoseconds", std::to_string(time.nanoseconds)) + ", " +
         field("least", std::to_string(time.calls ? time.least : 0)) + ", " +
         field("operands", shapes(frame, node.inputs)) + ", " + field("results", shapes(frame, node.outputs));
}

// What ran in bands of lines, by its nodes' names.
std::string bands(const Frame& frame) {
  std::string text = "[";
  for (size_t s = 0; s < frame.graph().segments.size(); s++) {
    const SegmentPlan* plan = frame.plan(s);
    if (!plan) continue;
    for (const Band& band : plan->bands) {
      std::string names;
      for (int32_t i = band.first; i < band.end; i++) {
        const auto node = static_cast<size_t>(plan->steps[static_cast<size_t>(i)].node);
        names += (names.empty() ? "" : ", ") + json_quoted(frame.graph().nodes[node].info.name);
      }
      text += text.size() > 1 ? ", " : "";
      text += "{" + field("nodes", "[" + names + "]") + ", " + field("lines", std::to_string(band.lines)) +
              ", " + field("pieces", std::to_string(band.pieces)) + "}";
    }
  }
  return text + "]";
}

// Appends the nodes of a graph and of its bodies. Each graph once: `told` are those that are there.
// `frame` is null where the graph has not run.
void describe_graph(const Model& model, Context& context, const Frame* frame, int32_t index,
                    const std::string& path, std::vector<uint8_t>& told, std::string& out) {
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
             ", " + field("graph", json_quoted(path));
      if (const Planned* planned = frame ? frame->planned(s, n) : nullptr; planned && !planned->ways.empty())
        out += ", " + field("ways", json_quoted(planned->ways));
      if (context.profiling && frame) out += timing(*frame, static_cast<size_t>(n));
      out += "}";
      for (size_t g = 0; g < node.graphs.size(); g++)
        describe_graph(model, context, frame ? frame->body(node, g) : nullptr, node.graphs[g],
                       path + "/" + node.info.name + "." + std::to_string(g), told, out);
    }
}

}  // namespace

std::string Session::description() const {
  std::string nodes = "[";
  const auto index = static_cast<int32_t>(&graph() - model().graphs.data());
  std::vector<uint8_t> told(model().graphs.size());
  describe_graph(model(), *context_, frame_.get(), index, graph().name, told, nodes);
  const int last = context_->device_count() - 1;
  return "{" + field("device", json_quoted(std::string(context_->backend(last).name()))) + ", " +
         field("isa", json_quoted(cpu_isa())) + ", " + field("threads", std::to_string(settings_.threads)) +
         ", " + field("entry", json_quoted(model().entries[static_cast<size_t>(entry_)].name)) + ", " +
         field("producer", json_quoted(model().producer)) + ", " +
         field("arena_bytes", std::to_string(frame_->arena_bytes())) + ", " +
         field("arena_bound_bytes", std::to_string(frame_->arena_bound_bytes())) + ", " +
         field("allocated_bytes", std::to_string(context_->allocated())) + ", " +
         field("weight_bytes", std::to_string(model().data.size())) + ", " +
         field("memory_budget", std::to_string(context_->memory_budget)) + ", " +
         field("tuning", json_quoted(settings_.tuning_state)) + ", " +
         field("cache_bytes", std::to_string(context_->cache())) + ", " +
         field("segments", std::to_string(graph().segments.size())) + ", " + field("bands", bands(*frame_)) +
         ", " + field("nodes", nodes + "]") + "}";
}

}  // namespace edgert
