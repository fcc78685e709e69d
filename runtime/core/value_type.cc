#include "core/value_type.h"

#include <charconv>

#include "core/types.h"

namespace edgert {
namespace {

constexpr int32_t kLastDtype = EDGERT_MAP;

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool type(ValueType& out, int32_t depth) {
    if (depth > kMaxDepth + 1 || !dtype(out.dtype)) return false;
    return is_container(out.dtype) ? container(out, depth) : take('[') && shape(out);
  }
  bool at_end() {
    skip();
    return rest_.empty();
  }

 private:
  void skip() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skip();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool take(char token) { return take(std::string_view(&token, 1)); }

  bool dtype(int32_t& out) {
    skip();
    size_t length = 0;
    while (length < rest_.size() && (std::isdigit(static_cast<unsigned char>(rest_[length])) ||
                                     std::islower(static_cast<unsigned char>(rest_[length]))))
      length++;
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    for (out = 1; out <= kLastDtype; out++)
      if (name == dtype_name(out)) return true;
    return false;
  }

  bool container(ValueType& out, int32_t depth) {
    if (!take('(')) return false;
    if (out.dtype == EDGERT_MAP &&
        (!dtype(out.key) || (out.key != EDGERT_I64 && out.key != EDGERT_STRING) || !take(',')))
      return false;
    if (!take('?') && !type(out.held.emplace_back(), depth + 1)) return false;
    return take(')');
  }

  bool shape(ValueType& out) {
    out.any_shape = take("...") || take('-');
    if (out.any_shape || take(']')) return !out.any_shape || take(']');
    do {
      int64_t size = -1;
      if (!take('?')) {
        skip();
        const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
        if (code != std::errc() || size < 0) return false;
        rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      }
      out.dims.push_back(size);
    } while (take(',') && out.dims.size() < EDGERT_MAX_RANK);
    return take(']');
  }

  std::string_view rest_;
};

std::string text(const ValueType& type) {
  std::string inside;
  if (is_container(type.dtype)) {
    if (type.key) inside = std::string(dtype_name(type.key)) + ", ";
    return dtype_name(type.dtype) + ("(" + inside) + (type.held.empty() ? "?" : text(type.held[0])) + ")";
  }
  for (int64_t d : type.dims) inside += (inside.empty() ? "" : ", ") + (d < 0 ? "?" : std::to_string(d));
  return dtype_name(type.dtype) + ("[" + (type.any_shape ? "..." : inside)) + "]";
}

bool fits_shape(const ValueType& type, const Object& tensor) {
  if (type.any_shape) return true;
  if (static_cast<size_t>(tensor.rank) != type.dims.size()) return false;
  for (size_t i = 0; i < type.dims.size(); i++)
    if (type.dims[i] >= 0 && type.dims[i] != tensor.dims[i]) return false;
  return true;
}

std::string items_misfit(const ValueType& type, const Object& object) {
  for (int64_t i = 0; i < object.count && !type.held.empty(); i++)
    if (std::string why = misfit(type.held[0], object.items[i]); !why.empty())
      return "item " + std::to_string(i) + (why.starts_with("item") ? ": " : " ") + why;
  return {};
}

}  // namespace

bool parse_value_type(std::string_view text, ValueType& out) {
  Parser parser(text);
  return parser.type(out, 0) && parser.at_end();
}

std::string misfit(const ValueType& type, const Object* object) {
  if (type.dtype == EDGERT_OPTIONAL)
    return !object || type.held.empty() ? std::string() : misfit(type.held[0], object);
  if (object && object->dtype == type.dtype) {
    if (type.dtype == EDGERT_SEQUENCE) return items_misfit(type, *object);
    if (type.dtype != EDGERT_MAP) {
      if (fits_shape(type, *object)) return {};
    } else if ((!type.key || object->items[0]->dtype == type.key) &&
               (type.held.empty() || object->items[1]->dtype == type.held[0].dtype)) {
      return {};
    }
  }
  return "is " + object_text(object) + ", expected " + text(type);
}

}  // namespace edgert
