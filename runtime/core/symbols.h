// The values of a run's symbols and of the expressions over them, in overflow-checked integers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/program.h"
#include "core/status.h"

namespace edgert {

class Symbols {
 public:
  explicit Symbols(const Model& model) : values_(model.symbols.size()), known_(model.symbols.size()) {}

  void set(int32_t symbol, int64_t value) {
    values_[static_cast<size_t>(symbol)] = value;
    known_[static_cast<size_t>(symbol)] = true;
  }
  void forget(int32_t symbol) { known_[static_cast<size_t>(symbol)] = false; }
  bool known(int32_t symbol) const { return known_[static_cast<size_t>(symbol)]; }
  int64_t value(int32_t symbol) const { return values_[static_cast<size_t>(symbol)]; }

 private:
  std::vector<int64_t> values_;
  std::vector<uint8_t> known_;
};

// Every expression of a model under one set of symbol values.
class Evaluation {
 public:
  enum class State : uint8_t { kKnown, kUnknown, kOverflow, kDivision, kBroadcast };

  Evaluation(const Model& model, const Symbols& symbols);

  State state(int32_t expr) const { return states_[static_cast<size_t>(expr)]; }
  bool known(int32_t expr) const { return state(expr) == State::kKnown; }
  int64_t value(int32_t expr) const { return values_[static_cast<size_t>(expr)]; }
  // The value, or an error that begins with `who`.
  Status get(int32_t expr, const std::string& who, int64_t& out) const;
  // The guards; the first that is 0 is an error "node: message, got n = 5 (expression)".
  Status check(std::span<const Guard> guards) const;

 private:
  void evaluate(size_t index);
  // "n = 5, m = 2": the symbols below `expr`.
  std::string symbol_values(int32_t expr) const;

  const Model& model_;
  const Symbols& symbols_;
  std::vector<int64_t> values_;
  std::vector<State> states_;
};

// "2*n + 1"
std::string expr_text(const Model& model, int32_t expr);

}  // namespace edgert
