#include "core/string_constants.h"

#include <cstring>
#include <map>
#include <new>

#include "core/check_graph.h"
#include "core/types.h"

namespace edgert {
namespace {

class Expansion {
 public:
  // Forms in a hostile file may overlap, so what they expand to together is limited by what could be stored.
  explicit Expansion(Model& model) : model_(model), room_(model.data.size() / sizeof(uint64_t) + 1) {}

  Status constant(Constant& constant, size_t index) {
    for (size_t i = 0; i < constant.forms.size(); i++) {
      Form& form = constant.forms[i];
      if ((form.kind == "strings") != (constant.dtype == EDGERT_STRING))
        return bad("constant %zu of %s is stored as %s", index, dtype_name(constant.dtype),
                   form.kind.c_str());
      if (form.kind != "strings") continue;
      EDGERT_TRY(expand(constant, form, index));
      constant.views[i] = {form.kind.c_str(), nullptr, 0, form.data, form.bytes};
    }
    return {};
  }

 private:
  Status expand(const Constant& constant, Form& form, size_t index) {
    int64_t count;
    if (!product(constant.dims, count) || form.bytes / sizeof(uint64_t) < 1 ||
        static_cast<uint64_t>(count) > form.bytes / sizeof(uint64_t) - 1)
      return bad("constant %zu %s of strings has %llu bytes, which do not hold its offsets", index,
                 shape_text(constant.dims).c_str(), static_cast<unsigned long long>(form.bytes));
    const auto n = static_cast<uint64_t>(count);
    StringArray& known = known_[{form.data, n}];
    if (!known) {
      if (n > room_) return bad("constants of strings overlap");
      room_ -= n;
      known.reset(static_cast<edgert_string*>(
          ::operator new(n * sizeof(edgert_string) + 1, std::align_val_t{64}, std::nothrow)));
      if (!known)
        return error(EDGERT_ERROR_MEMORY, "load: no memory for %lld strings", static_cast<long long>(count));
      EDGERT_TRY(read(form, n, known.get(), index));
    }
    form.kind = "plain";
    form.params.clear();
    form.data = reinterpret_cast<const uint8_t*>(known.get());
    form.bytes = n * sizeof(edgert_string);
    return {};
  }

  Status read(const Form& form, uint64_t n, edgert_string* out, size_t index) {
    const uint8_t* text = form.data + (n + 1) * sizeof(uint64_t);
    const uint64_t total = form.bytes - (n + 1) * sizeof(uint64_t);
    uint64_t begin;
    std::memcpy(&begin, form.data, sizeof begin);
    if (begin != 0)
      return bad("constant %zu: its first string begins at %llu", index,
                 static_cast<unsigned long long>(begin));
    for (uint64_t i = 0; i < n; i++) {
      uint64_t end;
      std::memcpy(&end, form.data + (i + 1) * sizeof end, sizeof end);
      if (end < begin || end > total)
        return bad("constant %zu: string %llu ends at %llu of %llu bytes", index,
                   static_cast<unsigned long long>(i), static_cast<unsigned long long>(end),
                   static_cast<unsigned long long>(total));
      out[i] = {reinterpret_cast<const char*>(text + begin), end - begin};
      if (!is_utf8(out[i].data, out[i].bytes))
        return bad("constant %zu: string %llu is not UTF-8", index, static_cast<unsigned long long>(i));
      begin = end;
    }
    if (begin == total) return {};
    return bad("constant %zu: %llu bytes follow its strings", index,
               static_cast<unsigned long long>(total - begin));
  }

  Model& model_;
  uint64_t room_;
  std::map<std::pair<const uint8_t*, uint64_t>, StringArray>& known_ = model_.strings;
};

}  // namespace

bool is_utf8(const char* text, uint64_t bytes) {
  const auto* at = reinterpret_cast<const uint8_t*>(text);
  const auto* end = at + bytes;
  while (at < end) {
    const uint8_t first = *at++;
    if (first < 0x80) continue;
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || end - at < more) return false;
    for (int i = 0; i < more; i++)
      if ((at[i] & 0xc0) != 0x80) return false;
    // Overlong, a surrogate, or above U+10FFFF: the second byte tells.
    if ((first == 0xe0 && at[0] < 0xa0) || (first == 0xed && at[0] > 0x9f) ||
        (first == 0xf0 && at[0] < 0x90) || (first == 0xf4 && at[0] > 0x8f))
      return false;
    at += more;
  }
  return true;
}

Status expand_strings(Model& model) {
  Expansion expansion(model);
  for (size_t i = 0; i < model.constants.size(); i++) EDGERT_TRY(expansion.constant(model.constants[i], i));
  return {};
}

}  // namespace edgert
