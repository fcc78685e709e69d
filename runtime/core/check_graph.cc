#include "core/check_graph.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "core/check_pointers.h"
#include "core/check_program.h"
#include "core/types.h"

namespace edgert {

Status bad(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return error(EDGERT_ERROR_FORMAT, "load: %s", text);
}

namespace {

bool is_integer(int32_t dtype) {
  return (dtype >= EDGERT_I8 && dtype <= EDGERT_BOOL) || dtype == EDGERT_I4 || dtype == EDGERT_U4 ||
         dtype == EDGERT_I2 || dtype == EDGERT_U2;
}

// Checks one graph and fills its derived fields.
class GraphCheck {
 public:
  GraphCheck(const Model& model, Graph& graph) : model_(model), graph_(graph) {}

  Status run() {
    if (graph_.segments.empty() || graph_.segments[0].first_node != 0)
      return bad("graph '%s' has no first segment", graph_.name.c_str());
    for (size_t s = 0; s < graph_.segments.size(); s++) {
      const bool last = s + 1 == graph_.segments.size();
      const int32_t end =
          last ? static_cast<int32_t>(graph_.nodes.size()) : graph_.segments[s + 1].first_node;
      if (end < graph_.segments[s].first_node || static_cast<size_t>(end) > graph_.nodes.size())
        return bad("graph '%s': segment %zu ends at node %d", graph_.name.c_str(), s, end);
      graph_.segments[s].end_node = end;
    }
    defined_.assign(graph_.values.size(), 0);
    EDGERT_TRY(values());
    EDGERT_TRY(inputs());
    for (size_t s = 0; s < graph_.segments.size(); s++) {
      EDGERT_TRY(bindings(static_cast<int32_t>(s)));
      for (int32_t n = graph_.segments[s].first_node; n < graph_.segments[s].end_node; n++)
        EDGERT_TRY(node(n, static_cast<int32_t>(s)));
    }
    EDGERT_TRY(outputs());
    return names();
  }

 private:
  const char* name() const { return graph_.name.c_str(); }
  Value& value(int32_t index) { return graph_.values[static_cast<size_t>(index)]; }

  Status expr(int32_t index, const char* what) const {
    if (within(index, model_.exprs.size())) return {};
    return bad("graph '%s': %s refers to expression %d of %zu", name(), what, index, model_.exprs.size());
  }

  Status values() {
    int32_t offset = 0;
    for (size_t i = 0; i < graph_.values.size(); i++) {
      Value& v = graph_.values[i];
      v.root = static_cast<int32_t>(i);
      v.dims_offset = offset;
      offset += static_cast<int32_t>(v.dims.size());
      if (v.dims.size() > EDGERT_MAX_RANK)
        return bad("value '%s' has rank %zu, at most %d", v.name.c_str(), v.dims.size(), EDGERT_MAX_RANK);
      EDGERT_TRY(check_value_type(v));
      for (int32_t d : v.dims) EDGERT_TRY(expr(d, "a dim"));
      if (v.capacity != -1) EDGERT_TRY(expr(v.capacity, "a capacity"));
      if (v.constant != -1) EDGERT_TRY(constant(v, i));
    }
    graph_.dim_count = offset;
    return {};
  }

  Status constant(const Value& v, size_t index) {
    if (!within(v.constant, model_.constants.size()))
      return bad("value '%s' refers to constant %d", v.name.c_str(), v.constant);
    const Constant& c = model_.constants[static_cast<size_t>(v.constant)];
    if (!within(v.form, c.forms.size())) return bad("value '%s' refers to form %d", v.name.c_str(), v.form);
    bool same = v.dtype == c.dtype && v.dims.size() == c.dims.size();
    for (size_t k = 0; same && k < c.dims.size(); k++) {
      const Expr& e = model_.exprs[static_cast<size_t>(v.dims[k])];
      same = e.code == ExprCode::kConst && e.value == c.dims[k];
    }
    if (!same) return bad("value '%s' is not of its constant's type and size", v.name.c_str());
    defined_[index] = 1;
    return {};
  }

  Status inputs() {
    for (size_t i = 0; i < graph_.inputs.size(); i++) {
      const int32_t index = graph_.inputs[i];
      if (!within(index, graph_.values.size()) || defined_[static_cast<size_t>(index)])
        return bad("graph '%s': input %zu is value %d, which is defined already or none", name(), i, index);
      defined_[static_cast<size_t>(index)] = 1;
      value(index).input = static_cast<int32_t>(i);
    }
    return {};
  }

  Status bindings(int32_t segment) {
    for (const Binding& b : graph_.segments[static_cast<size_t>(segment)].bindings) {
      if (!within(b.symbol, model_.symbols.size()) || !within(b.value, graph_.values.size()))
        return bad("graph '%s': a symbol is bound to value %d", name(), b.value);
      const char* symbol = model_.symbols[static_cast<size_t>(b.symbol)].c_str();
      Value& v = value(b.value);
      if (!defined_[static_cast<size_t>(b.value)])
        return bad("symbol '%s' is read from value '%s' before that is made", symbol, v.name.c_str());
      if (b.source != Source::kElement && !within(b.index, v.dims.size()))
        return bad("symbol '%s' is axis %d of value '%s' of rank %zu", symbol, b.index, v.name.c_str(),
                   v.dims.size());
      if (b.source == Source::kInputDim && (v.input < 0 || segment != 0))
        return bad("symbol '%s' is a size of '%s', which is no input", symbol, v.name.c_str());
      if (b.source == Source::kElement && (b.index < 0 || !is_integer(v.dtype) || form_is_packed(v)))
        return bad("symbol '%s' is element %d of '%s' of type %s", symbol, b.index, v.name.c_str(),
                   dtype_name(v.dtype));
      if (b.source == Source::kCount && (v.producer < 0 || v.segment >= segment))
        return bad("symbol '%s' is a size of '%s', which no earlier segment makes", symbol, v.name.c_str());
      v.unbounded |= b.source == Source::kCount && v.capacity < 0;
      use(b.value, segment, true);
      graph_.symbols.push_back(b.symbol);
    }
    for (const Guard& g : graph_.segments[static_cast<size_t>(segment)].guards)
      EDGERT_TRY(expr(g.expr, "a guard"));
    return {};
  }

  bool form_is_packed(const Value& v) const {
    if (v.constant < 0) return false;
    return model_.constants[static_cast<size_t>(v.constant)].forms[static_cast<size_t>(v.form)].kind !=
           "plain";
  }

  void use(int32_t index, int32_t segment, bool escapes) {
    Value& root = value(value(index).root);
    root.last_segment = std::max(root.last_segment, segment);
    root.escapes |= escapes || segment > root.segment;
  }

  Status node(int32_t index, int32_t segment) {
    Node& n = graph_.nodes[static_cast<size_t>(index)];
    const char* op = n.info.op.c_str();
    const char* node_name = n.info.name.c_str();
    for (int32_t v : n.inputs) {
      if (v == -1) continue;
      if (!within(v, graph_.values.size()) || !defined_[static_cast<size_t>(v)])
        return bad("%s '%s' reads value %d before it is made", op, node_name, v);
      if (n.is_control() && form_is_packed(value(v)))
        return bad("%s '%s' is given the packed constant '%s'", op, node_name, value(v).name.c_str());
      use(v, segment, false);
    }
    for (int32_t v : n.outputs) {
      if (v == -1) continue;
      if (!within(v, graph_.values.size()) || defined_[static_cast<size_t>(v)])
        return bad("%s '%s' makes value %d, which is defined already or none", op, node_name, v);
      defined_[static_cast<size_t>(v)] = 1;
      value(v).producer = index;
      value(v).segment = value(v).last_segment = segment;
      value(v).escapes = n.is_control();
    }
    EDGERT_TRY(attributes(n));
    EDGERT_TRY(check_pointers(graph_, n));
    if (n.is_alias()) EDGERT_TRY(alias(n, segment));
    n.first_body = graph_.body_count;
    graph_.body_count += static_cast<int32_t>(n.graphs.size());
    return {};
  }

  Status attributes(const Node& n) const {
    for (const Attribute& a : n.info.attributes) {
      for (int32_t e : a.exprs) EDGERT_TRY(expr(e, "an attribute"));
      if (a.program.operands.empty() && a.program.code.empty()) continue;
      if (std::string why = check_program(a.program); !why.empty())
        return bad("%s '%s': program %s: %s", n.info.op.c_str(), n.info.name.c_str(), a.name.c_str(),
                   why.c_str());
    }
    return {};
  }

  Status alias(const Node& n, int32_t segment) {
    if (n.inputs.empty() || n.inputs[0] < 0 || n.outputs.size() != 1 || n.outputs[0] < 0 || n.is_control())
      return bad("%s '%s' needs one operand and one result", n.info.op.c_str(), n.info.name.c_str());
    const Value& from = value(n.inputs[0]);
    Value& to = value(n.outputs[0]);
    if (from.dtype != to.dtype || form_is_packed(from))
      return bad("%s '%s': %s becomes %s", n.info.op.c_str(), n.info.name.c_str(), dtype_name(from.dtype),
                 dtype_name(to.dtype));
    to.root = from.root;
    use(n.outputs[0], segment, false);
    return {};
  }

  Status outputs() {
    const auto last = static_cast<int32_t>(graph_.segments.size()) - 1;
    for (int32_t v : graph_.outputs) {
      if (!within(v, graph_.values.size()) || !defined_[static_cast<size_t>(v)] || form_is_packed(value(v)))
        return bad("graph '%s': output is value %d, which nothing makes", name(), v);
      use(v, last, true);
    }
    return {};
  }

  Status names() const {
    for (const SourceName& n : graph_.names) {
      if (n.value == -1) continue;
      if (!within(n.value, graph_.values.size()) || !defined_[static_cast<size_t>(n.value)])
        return bad("name '%s' refers to value %d", n.name.c_str(), n.value);
      const size_t rank = graph_.values[static_cast<size_t>(n.value)].dims.size();
      uint32_t seen = 0;
      for (uint8_t axis : n.perm)
        if (axis < rank) seen |= 1u << axis;
      if (!n.perm.empty() && (n.perm.size() != rank || seen != (1u << rank) - 1))
        return bad("name '%s' has a permutation that is none", n.name.c_str());
    }
    return {};
  }

  const Model& model_;
  Graph& graph_;
  std::vector<uint8_t> defined_;
};

}  // namespace

Status check_graph(const Model& model, Graph& graph) { return GraphCheck(model, graph).run(); }

}  // namespace edgert
