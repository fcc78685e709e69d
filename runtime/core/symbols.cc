#include "core/symbols.h"

#include <algorithm>

namespace edgert {
namespace {

constexpr int kMaxTextNodes = 64;
constexpr size_t kMaxText = 400;

// Division rounded towards minus infinity; false where it has no value.
bool floor_divide(int64_t a, int64_t b, int64_t& out) {
  if (b == -1) return !__builtin_sub_overflow(int64_t{0}, a, &out);
  out = a / b - (a % b != 0 && (a % b < 0) != (b < 0));
  return true;
}

bool ceil_divide(int64_t a, int64_t b, int64_t& out) {
  if (b == -1) return !__builtin_sub_overflow(int64_t{0}, a, &out);
  out = a / b + (a % b != 0 && (a % b < 0) == (b < 0));
  return true;
}

int64_t modulo(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

using State = Evaluation::State;

State apply(ExprCode code, int64_t a, int64_t b, int64_t& out) {
  switch (code) {
    case ExprCode::kAdd: return __builtin_add_overflow(a, b, &out) ? State::kOverflow : State::kKnown;
    case ExprCode::kSub: return __builtin_sub_overflow(a, b, &out) ? State::kOverflow : State::kKnown;
    case ExprCode::kMul: return __builtin_mul_overflow(a, b, &out) ? State::kOverflow : State::kKnown;
    case ExprCode::kFloorDiv:
      if (b == 0) return State::kDivision;
      return floor_divide(a, b, out) ? State::kKnown : State::kOverflow;
    case ExprCode::kCeilDiv:
      if (b == 0) return State::kDivision;
      return ceil_divide(a, b, out) ? State::kKnown : State::kOverflow;
    case ExprCode::kMod:
      if (b == 0) return State::kDivision;
      out = modulo(a, b);
      return State::kKnown;
    case ExprCode::kMin: out = std::min(a, b); return State::kKnown;
    case ExprCode::kMax: out = std::max(a, b); return State::kKnown;
    case ExprCode::kEq: out = a == b; return State::kKnown;
    default:  // kBcast
      if (a != b && a != 1 && b != 1) return State::kBroadcast;
      out = a == 1 ? b : a;
      return State::kKnown;
  }
}

}  // namespace

Evaluation::Evaluation(const Model& model, const Symbols& symbols)
    : model_(model), symbols_(symbols), values_(model.exprs.size()), states_(model.exprs.size()) {
  for (size_t i = 0; i < model.exprs.size(); i++) evaluate(i);
}

void Evaluation::evaluate(size_t index) {
  const Expr& e = model_.exprs[index];
  int64_t& value = values_[index];
  State& state = states_[index];
  state = State::kKnown;
  if (e.code == ExprCode::kConst) {
    value = e.value;
  } else if (e.code == ExprCode::kSymbol) {
    if (symbols_.known(e.a)) value = symbols_.value(e.a);
    else state = State::kUnknown;
  } else if (e.code == ExprCode::kSelect) {
    state = this->state(e.a);
    if (state != State::kKnown) return;
    const int32_t chosen = this->value(e.a) ? e.b : e.c;
    state = this->state(chosen);
    value = this->value(chosen);
  } else {
    state = known(e.a) ? this->state(e.b) : this->state(e.a);
    if (state == State::kKnown) state = apply(e.code, this->value(e.a), this->value(e.b), value);
  }
}

std::string Evaluation::symbol_values(int32_t expr) const {
  std::vector<uint8_t> below(static_cast<size_t>(expr) + 1, 0);
  below.back() = 1;
  std::string text;
  for (int32_t i = expr; i >= 0 && text.size() < kMaxText; i--) {
    if (!below[static_cast<size_t>(i)]) continue;
    const Expr& e = model_.exprs[static_cast<size_t>(i)];
    if (e.code == ExprCode::kSymbol) {
      text += (text.empty() ? "" : ", ") + model_.symbols[static_cast<size_t>(e.a)] + " = " +
              (symbols_.known(e.a) ? std::to_string(symbols_.value(e.a)) : "?");
    } else if (e.code != ExprCode::kConst) {
      below[static_cast<size_t>(e.a)] = below[static_cast<size_t>(e.b)] = 1;
      if (e.code == ExprCode::kSelect) below[static_cast<size_t>(e.c)] = 1;
    }
  }
  return text;
}

Status Evaluation::get(int32_t expr, const std::string& who, int64_t& out) const {
  static constexpr const char* kProblems[] = {"", "is not known yet", "overflows", "divides by zero",
                                              "broadcasts two different sizes"};
  if (known(expr)) {
    out = value(expr);
    return {};
  }
  return error(EDGERT_ERROR_GUARD, "%s: %s %s, got %s", who.c_str(), expr_text(model_, expr).c_str(),
               kProblems[static_cast<int>(state(expr))], symbol_values(expr).c_str());
}

Status Evaluation::check(std::span<const Guard> guards) const {
  for (const Guard& guard : guards) {
    int64_t holds;
    EDGERT_TRY(get(guard.expr, guard.node + ": " + guard.message, holds));
    if (!holds)
      return error(EDGERT_ERROR_GUARD, "%s: %s, got %s (%s)", guard.node.c_str(), guard.message.c_str(),
                   symbol_values(guard.expr).c_str(), expr_text(model_, guard.expr).c_str());
  }
  return {};
}

namespace {

// Binding strength of an expression's text: 0 sum, 1 product, 2 atom.
struct Text {
  std::string text;
  int strength;
};

// `budget` bounds how many expressions are written out; shared ones are written each time.
Text render(const Model& model, int32_t index, int& budget) {
  static constexpr const char* kNames[] = {"",    "",    "",    "",   "",       "floordiv", "ceildiv",
                                           "mod", "min", "max", "eq", "select", "bcast"};
  const Expr& e = model.exprs[static_cast<size_t>(index)];
  if (e.code == ExprCode::kConst) return {std::to_string(e.value), e.value < 0 ? 0 : 2};
  if (e.code == ExprCode::kSymbol) return {model.symbols[static_cast<size_t>(e.a)], 2};
  if (budget-- <= 0) return {"...", 2};
  const Text a = render(model, e.a, budget);
  const Text b = render(model, e.b, budget);
  const auto wrapped = [](const Text& t, int strength) {
    return t.strength < strength ? "(" + t.text + ")" : t.text;
  };
  if (e.code == ExprCode::kAdd) {
    if (b.text[0] == '-' && b.strength == 0 && b.text.find(' ') == std::string::npos)
      return {a.text + " - " + b.text.substr(1), 0};
    return {a.text + " + " + b.text, 0};
  }
  if (e.code == ExprCode::kSub) return {a.text + " - " + wrapped(b, 1), 0};
  if (e.code == ExprCode::kMul) return {wrapped(a, 1) + "*" + wrapped(b, 1), 1};
  std::string text = std::string(kNames[static_cast<int>(e.code)]) + "(" + a.text + ", " + b.text;
  if (e.code == ExprCode::kSelect) text += ", " + render(model, e.c, budget).text;
  return {text + ")", 2};
}

}  // namespace

std::string expr_text(const Model& model, int32_t expr) {
  int budget = kMaxTextNodes;
  std::string text = render(model, expr, budget).text;
  if (text.size() > kMaxText) text = text.substr(0, kMaxText) + "...";
  return text;
}

}  // namespace edgert
