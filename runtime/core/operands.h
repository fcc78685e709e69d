// A node's operands and results as backends see them.
#pragma once

#include <span>
#include <vector>

#include "core/program.h"
#include "core/symbols.h"
#include "edgert.h"

namespace edgert {

// The operand for `value` with its dims at `dims`.
inline edgert_operand make_operand(const Model& model, const Value& value, const int64_t* dims) {
  edgert_operand operand{};
  operand.dtype = value.dtype;
  operand.rank = static_cast<int32_t>(value.dims.size());
  operand.dims = dims;
  if (value.constant < 0) return operand;
  const Constant& constant = model.constants[static_cast<size_t>(value.constant)];
  const Form& form = constant.forms[static_cast<size_t>(value.form)];
  operand.data = form.data;
  operand.data_bytes = form.bytes;
  operand.form = form.kind.c_str();
  operand.form_params = form.params.data();
  operand.form_param_count = form.params.size();
  operand.forms = constant.views.data();
  operand.form_count = constant.views.size();
  return operand;
}

// Operands with dims of its own; -1 where the evaluation does not know them.
class OperandList {
 public:
  OperandList(const Model& model, const Graph& graph, const Node& node, const Evaluation& evaluation)
      : input_count_(node.inputs.size()) {
    dims_.reserve((node.inputs.size() + node.outputs.size()) * EDGERT_MAX_RANK);
    for (const auto* list : {&node.inputs, &node.outputs})
      for (int32_t v : *list) {
        operands_.emplace_back();
        if (v < 0) continue;
        const Value& value = graph.values[static_cast<size_t>(v)];
        const int64_t* dims = dims_.data() + dims_.size();
        for (int32_t d : value.dims) dims_.push_back(evaluation.known(d) ? evaluation.value(d) : -1);
        operands_.back() = make_operand(model, value, dims);
      }
  }
  std::span<const edgert_operand> inputs() const { return std::span(operands_).first(input_count_); }
  std::span<const edgert_operand> outputs() const { return std::span(operands_).subspan(input_count_); }

 private:
  size_t input_count_;
  std::vector<int64_t> dims_;
  std::vector<edgert_operand> operands_;
};

}  // namespace edgert
