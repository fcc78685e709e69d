// What a FlatBuffer verifier cannot know: that indices, types and the order of definition make sense.
#include <algorithm>

#include "core/check_graph.h"
#include "core/loader.h"
#include "core/object.h"
#include "core/string_constants.h"
#include "core/types.h"

namespace edgert {
namespace {

constexpr int kMaxNesting = 16;

Status check_exprs(const Model& model) {
  static constexpr int kArguments[] = {0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2};
  for (size_t i = 0; i < model.exprs.size(); i++) {
    const Expr& e = model.exprs[i];
    if (e.code > ExprCode::kBcast)
      return bad("expression %zu has unknown code %d", i, static_cast<int>(e.code));
    const int count = kArguments[static_cast<int>(e.code)];
    const int32_t arguments[] = {e.a, e.b, e.c};
    for (int k = 0; k < count; k++)
      if (!within(arguments[k], i)) return bad("expression %zu refers to expression %d", i, arguments[k]);
    if (e.code == ExprCode::kSymbol && !within(e.a, model.symbols.size()))
      return bad("expression %zu refers to symbol %d of %zu", i, e.a, model.symbols.size());
  }
  return {};
}

Status check_constants(const Model& model) {
  for (size_t i = 0; i < model.constants.size(); i++) {
    const Constant& c = model.constants[i];
    int64_t elements, bytes;
    const auto item = static_cast<int64_t>(item_size(c.dtype));
    if (item == 0 || is_container(c.dtype))
      return bad("constant %zu has type %s (%d)", i, dtype_name(c.dtype), c.dtype);
    if (c.dims.size() > EDGERT_MAX_RANK || !product(c.dims, elements) || !multiply(elements, item, bytes))
      return bad("constant %zu has size %s", i, shape_text(c.dims).c_str());
    if (c.forms.empty()) return bad("constant %zu is not stored", i);
    for (const Form& f : c.forms)
      if (f.kind == "plain" && f.bytes != static_cast<uint64_t>(bytes))
        return bad("constant %zu %s of %s has %llu bytes, expected %lld", i, shape_text(c.dims).c_str(),
                   dtype_name(c.dtype), static_cast<unsigned long long>(f.bytes),
                   static_cast<long long>(bytes));
  }
  return {};
}

Status same_types(const Graph& a, std::span<const int32_t> of_a, const Graph& b,
                  std::span<const int32_t> of_b, const Node& node) {
  bool same = of_a.size() == of_b.size();
  for (size_t i = 0; same && i < of_a.size(); i++) {
    if (of_a[i] < 0) continue;
    if (of_b[i] < 0)
      return bad("%s '%s' lacks value %zu of its body", node.info.op.c_str(), node.info.name.c_str(), i);
    const Value& x = a.values[static_cast<size_t>(of_a[i])];
    const Value& y = b.values[static_cast<size_t>(of_b[i])];
    same = x.dtype == y.dtype && x.dims.size() == y.dims.size();
  }
  if (same) return {};
  return bad("%s '%s': its body's values are not of the types it is given", node.info.op.c_str(),
             node.info.name.c_str());
}

Status check_if(const Model& model, const Graph& graph, const Node& node) {
  if (node.graphs.size() != 2 || node.inputs.empty() || node.inputs[0] < 0 ||
      graph.values[static_cast<size_t>(node.inputs[0])].dtype != EDGERT_BOOL)
    return bad("if '%s' needs a bool and two bodies", node.info.name.c_str());
  for (int32_t g : node.graphs) {
    const Graph& body = model.graphs[static_cast<size_t>(g)];
    EDGERT_TRY(same_types(body, body.inputs, graph, std::span(node.inputs).subspan(1), node));
    EDGERT_TRY(same_types(graph, node.outputs, body, body.outputs, node));
  }
  return {};
}

Status check_loop(const Model& model, const Graph& graph, const Node& node) {
  const int64_t carried = node.info.integer("n_carried", 0);
  const char* name = node.info.name.c_str();
  if (node.graphs.size() != 1 || node.inputs.size() < 2) return bad("loop '%s' needs one body", name);
  const Graph& body = model.graphs[static_cast<size_t>(node.graphs[0])];
  if (carried < 0 || static_cast<uint64_t>(carried) + 2 > node.inputs.size() ||
      body.inputs.size() != node.inputs.size() || body.outputs.size() < 1 + static_cast<uint64_t>(carried) ||
      node.outputs.size() + 1 != body.outputs.size())
    return bad("loop '%s': operands, results and body do not match", name);
  const auto type = [](const Graph& g, int32_t v, int32_t dtype) {
    const Value& value = g.values[static_cast<size_t>(v)];
    return value.dtype == dtype;
  };
  if ((node.inputs[0] >= 0 && !type(graph, node.inputs[0], EDGERT_I64)) ||
      (node.inputs[1] >= 0 && !type(graph, node.inputs[1], EDGERT_BOOL)) ||
      !type(body, body.inputs[0], EDGERT_I64) || !type(body, body.inputs[1], EDGERT_BOOL) ||
      !type(body, body.outputs[0], EDGERT_BOOL))
    return bad("loop '%s': trip count is i64, condition is bool", name);
  const auto n = static_cast<size_t>(carried);
  EDGERT_TRY(
      same_types(body, std::span(body.inputs).subspan(2), graph, std::span(node.inputs).subspan(2), node));
  EDGERT_TRY(same_types(body, std::span(body.outputs).subspan(1, n), body,
                        std::span(body.inputs).subspan(2, n), node));
  EDGERT_TRY(
      same_types(graph, std::span(node.outputs).first(n), body, std::span(body.outputs).subspan(1, n), node));
  for (size_t i = n; i < node.outputs.size(); i++) {
    if (node.outputs[i] < 0) continue;
    const Value& stacked = graph.values[static_cast<size_t>(node.outputs[i])];
    const Value& slice = body.values[static_cast<size_t>(body.outputs[1 + i])];
    if (stacked.dtype != slice.dtype || stacked.dims.size() != slice.dims.size() + 1)
      return bad("loop '%s': result %zu does not stack its slices", name, i);
  }
  return {};
}

// Bodies exist, match their nodes, and are nowhere inside themselves. `heights` are 0 for graphs not
// visited yet, -1 for those being visited, else how many graphs deep they go.
Status check_bodies(const Model& model, int32_t index, int nesting, std::vector<int>& heights) {
  const Graph& graph = model.graphs[static_cast<size_t>(index)];
  int& height = heights[static_cast<size_t>(index)];
  if (height < 0 || nesting + height > kMaxNesting)
    return bad("graph '%s' contains itself, or is nested more than %d deep", graph.name.c_str(), kMaxNesting);
  if (height > 0) return {};
  height = -1;
  int below = 0;
  for (const Node& node : graph.nodes) {
    const std::string& op = node.info.op;
    for (int32_t g : node.graphs)
      if (!within(g, model.graphs.size()))
        return bad("%s '%s' refers to graph %d", op.c_str(), node.info.name.c_str(), g);
    if (op == "if") EDGERT_TRY(check_if(model, graph, node));
    else if (op == "loop") EDGERT_TRY(check_loop(model, graph, node));
    else if (!node.graphs.empty())
      return error(EDGERT_ERROR_UNSUPPORTED, "load: %s '%s' has bodies; this version knows if and loop",
                   op.c_str(), node.info.name.c_str());
    for (int32_t g : node.graphs) {
      EDGERT_TRY(check_bodies(model, g, nesting + 1, heights));
      below = std::max(below, heights[static_cast<size_t>(g)]);
    }
  }
  height = below + 1;
  return {};
}

Status check_states(const Model& model) {
  for (const State& s : model.states) {
    if (!within(s.entry, model.entries.size())) return bad("a state refers to entry %d", s.entry);
    const Graph& graph = model.graphs[static_cast<size_t>(model.entries[static_cast<size_t>(s.entry)].graph)];
    if (!within(s.input, graph.inputs.size()) || !within(s.output, graph.outputs.size()))
      return bad("a state ties input %d to output %d", s.input, s.output);
    const Value& in = graph.values[static_cast<size_t>(graph.inputs[static_cast<size_t>(s.input)])];
    const Value& out = graph.values[static_cast<size_t>(graph.outputs[static_cast<size_t>(s.output)])];
    bool same = in.dtype == out.dtype && in.dims.size() == out.dims.size();
    if (s.initial != -1) {
      if (!within(s.initial, model.constants.size())) return bad("a state starts as constant %d", s.initial);
      const Constant& c = model.constants[static_cast<size_t>(s.initial)];
      same &= c.dtype == in.dtype && c.dims.size() == in.dims.size() && c.forms[0].kind == "plain";
    }
    if (!same) return bad("state '%s' changes its type", in.name.c_str());
  }
  return {};
}

Status check_references(const Model& model) {
  if (model.references.empty()) return {};
  const Graph& graph = model.graphs[static_cast<size_t>(model.entries[0].graph)];
  for (const Reference& r : model.references) {
    if (r.inputs.size() != graph.inputs.size() || r.outputs.size() != graph.outputs.size())
      return bad("a reference has %zu inputs and %zu outputs, the graph %zu and %zu", r.inputs.size(),
                 r.outputs.size(), graph.inputs.size(), graph.outputs.size());
    for (const auto* list : {&r.inputs, &r.outputs})
      for (int32_t c : *list)
        if (!within(c, model.constants.size()) ||
            model.constants[static_cast<size_t>(c)].forms[0].kind != "plain")
          return bad("a reference refers to constant %d", c);
  }
  return {};
}

// Where every symbol is bound: (graph, segment), at most once.
struct Owner {
  int32_t graph = -1, segment = -1;
};

Status find_owners(const Model& model, std::vector<Owner>& owners) {
  owners.assign(model.symbols.size(), {});
  for (size_t g = 0; g < model.graphs.size(); g++)
    for (size_t s = 0; s < model.graphs[g].segments.size(); s++)
      for (const Binding& b : model.graphs[g].segments[s].bindings) {
        Owner& owner = owners[static_cast<size_t>(b.symbol)];
        if (owner.graph != -1)
          return bad("symbol '%s' is bound twice", model.symbols[static_cast<size_t>(b.symbol)].c_str());
        owner = {static_cast<int32_t>(g), static_cast<int32_t>(s)};
      }
  return {};
}

// Collects the symbols below expressions; each expression is visited once per collection.
class Collector {
 public:
  explicit Collector(const Model& model) : model_(model), stamp_(model.exprs.size(), 0) {}
  void start() {
    now_++;
    found.clear();
  }
  void add(int32_t expr) {
    stack_.push_back(expr);
    while (!stack_.empty()) {
      const auto i = static_cast<size_t>(stack_.back());
      stack_.pop_back();
      if (stamp_[i] == now_) continue;
      stamp_[i] = now_;
      const Expr& e = model_.exprs[i];
      if (e.code == ExprCode::kSymbol) found.push_back(e.a);
      if (e.code <= ExprCode::kSymbol) continue;
      stack_.push_back(e.a);
      stack_.push_back(e.b);
      if (e.code == ExprCode::kSelect) stack_.push_back(e.c);
    }
  }
  std::vector<int32_t> found;

 private:
  const Model& model_;
  std::vector<uint32_t> stamp_;
  std::vector<int32_t> stack_;
  uint32_t now_ = 0;
};

void find_keys(int32_t graph_index, Graph& graph, const std::vector<Owner>& owners, Collector& collector) {
  for (size_t s = 0; s < graph.segments.size(); s++) {
    Segment& segment = graph.segments[s];
    collector.start();
    const auto add_value = [&](int32_t v) {
      if (v < 0) return;
      const Value& value = graph.values[static_cast<size_t>(v)];
      for (int32_t d : value.dims) collector.add(d);
      if (value.capacity >= 0) collector.add(value.capacity);
    };
    if (s == 0)
      for (int32_t v : graph.inputs) add_value(v);
    for (int32_t n = segment.first_node; n < segment.end_node; n++) {
      const Node& node = graph.nodes[static_cast<size_t>(n)];
      for (int32_t v : node.inputs) add_value(v);
      for (int32_t v : node.outputs) add_value(v);
      for (const Attribute& a : node.info.attributes)
        for (int32_t e : a.exprs) collector.add(e);
    }
    for (const Guard& g : segment.guards) collector.add(g.expr);
    for (int32_t symbol : collector.found) {
      const Owner& owner = owners[static_cast<size_t>(symbol)];
      if (owner.graph == graph_index && owner.segment > static_cast<int32_t>(s)) continue;
      segment.key.push_back(symbol);
    }
    std::sort(segment.key.begin(), segment.key.end());
  }
}

}  // namespace

Status check_model(Model& model) {
  EDGERT_TRY(check_exprs(model));
  EDGERT_TRY(expand_strings(model));
  EDGERT_TRY(check_constants(model));
  for (Graph& graph : model.graphs) EDGERT_TRY(check_graph(model, graph));
  if (model.entries.empty()) return bad("the file has no entry point");
  std::vector<int> heights(model.graphs.size(), 0);
  for (const Entry& e : model.entries) {
    if (!within(e.graph, model.graphs.size()))
      return bad("entry '%s' refers to graph %d", e.name.c_str(), e.graph);
    EDGERT_TRY(check_bodies(model, e.graph, 0, heights));
  }
  EDGERT_TRY(check_states(model));
  EDGERT_TRY(check_references(model));
  std::vector<Owner> owners;
  EDGERT_TRY(find_owners(model, owners));
  Collector collector(model);
  for (size_t g = 0; g < model.graphs.size(); g++)
    find_keys(static_cast<int32_t>(g), model.graphs[g], owners, collector);
  return {};
}

}  // namespace edgert
