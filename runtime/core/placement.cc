#include "core/placement.h"

#include "core/object.h"
#include "core/operands.h"
#include "core/symbols.h"
#include "core/types.h"

namespace edgert {
namespace {

constexpr int64_t kSmallElements = 64;
constexpr int kMostProblems = 20;

class Placer {
 public:
  Placer(const Model& model, const Backend& host, const Backend* device, bool strict, Placement& out)
      : model_(model),
        host_(host),
        device_(device),
        strict_(strict),
        out_(out),
        nothing_(model),
        evaluation_(model, nothing_) {}

  void graph(int32_t index) {
    GraphPlacement& place = out_[static_cast<size_t>(index)];
    if (place.reached) return;
    place.reached = true;
    const Graph& graph = model_.graphs[static_cast<size_t>(index)];
    place.nodes.resize(graph.nodes.size());
    place.homes.assign(graph.values.size(), 0);
    for (size_t n = 0; n < graph.nodes.size(); n++) {
      const Node& node = graph.nodes[n];
      if (!node.is_alias() && !node.is_control()) choose(graph, node, place.nodes[n]);
      for (int32_t v : node.outputs) {
        if (v < 0) continue;
        const auto root = static_cast<size_t>(graph.values[static_cast<size_t>(v)].root);
        place.homes[static_cast<size_t>(v)] = node.is_alias() ? place.homes[root] : place.nodes[n].device;
      }
      for (int32_t g : node.graphs) this->graph(g);
    }
  }

  std::string problems;
  int problem_count = 0;

 private:
  void choose(const Graph& graph, const Node& node, NodePlace& place) {
    OperandList operands(model_, graph, node, evaluation_);
    std::string host_why, why;
    if (device_) {
      if (!strict_ && is_small_integers(graph, node)) why = "small integers that sizes are computed from";
      if (why.empty() && !needs_host(graph, node, why) &&
          device_->supports(node.info, operands.inputs(), operands.outputs(), why)) {
        place.device = 1;
        return;
      }
      place.reason = why;
      if (strict_) {
        problem(node, std::string(device_->name()) + " cannot run it: " + why);
        return;
      }
    }
    if (!host_.supports(node.info, operands.inputs(), operands.outputs(), host_why)) problem(node, host_why);
  }

  void problem(const Node& node, const std::string& why) {
    if (problem_count++ < kMostProblems)
      problems += "\n  " + node.info.op + " '" + node.info.name + "': " + why;
  }

  // Strings and containers are pointers into the host's memory; a kernel that finds a size without a bound
  // needs memory while it runs.
  bool needs_host(const Graph& graph, const Node& node, std::string& why) const {
    for (int32_t v : node.outputs)
      if (v >= 0 && graph.values[static_cast<size_t>(v)].unbounded)
        why = "only the run knows its result's size";
    for (const auto* list : {&node.inputs, &node.outputs})
      for (int32_t v : *list)
        if (v >= 0 && holds_pointers(graph.values[static_cast<size_t>(v)].dtype))
          why = "strings and containers are in the host's memory";
    return !why.empty();
  }

  bool is_small_integers(const Graph& graph, const Node& node) const {
    for (const auto* list : {&node.inputs, &node.outputs})
      for (int32_t v : *list) {
        if (v < 0) continue;
        const Value& value = graph.values[static_cast<size_t>(v)];
        int64_t elements = 1;
        if (value.dtype < EDGERT_I8 || value.dtype > EDGERT_BOOL || value.dims.size() > 1) return false;
        for (int32_t d : value.dims)
          if (!evaluation_.known(d) || !multiply(elements, evaluation_.value(d), elements)) return false;
        if (elements > kSmallElements) return false;
      }
    return true;
  }

  const Model& model_;
  const Backend& host_;
  const Backend* device_;
  bool strict_;
  Placement& out_;
  Symbols nothing_;
  Evaluation evaluation_;
};

}  // namespace

Status place_nodes(const Model& model, int32_t entry, const Backend& host, const Backend* device, bool strict,
                   Placement& out) {
  out.assign(model.graphs.size(), {});
  Placer placer(model, host, device, strict, out);
  placer.graph(entry);
  if (placer.problem_count == 0) return {};
  std::string more;
  if (placer.problem_count > kMostProblems)
    more = "\n  and " + std::to_string(placer.problem_count - kMostProblems) + " more";
  return {EDGERT_ERROR_UNSUPPORTED,
          "load: no kernel on " + std::string(strict && device ? device->name() : host.name()) + " for " +
              std::to_string(placer.problem_count) + " nodes:" + placer.problems + more};
}

}  // namespace edgert
