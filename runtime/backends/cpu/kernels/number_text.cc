// format_number and parse_number.
#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "backends/cpu/kernels/decimal.h"
#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/heap.h"
#include "backends/cpu/kernels/kernel.h"
#include "ops/text.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_format(const NodeArgs& args, edgert_plan& plan) {
  NumberTextParams* state = new_state<NumberTextParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_format_number(args, *state));
  const bool known = is_number(state->dtype) && state->dtype != EDGERT_F16 && state->dtype != EDGERT_BF16;
  return known ? Status() : unsupported("text of %s", dtype_name(state->dtype));
}

template <class S>
int64_t write_number(typename S::Value value, char* out) {
  if constexpr (std::is_same_v<S, Bool>) {
    const std::string_view text = value ? "True" : "False";
    return std::copy(text.begin(), text.end(), out) - out;
  } else if constexpr (std::is_floating_point_v<typename S::Value>) {
    return write_decimal(value, out);
  } else {
    return std::to_chars(out, out + kDecimalBytes, value).ptr - out;
  }
}

Status run_format(const NumberTextParams& p, const edgert_call& call) {
  char* bytes;
  int64_t most;
  if (!multiply(p.count, kDecimalBytes, most)) return no_heap();
  EDGERT_TRY(new_items(call, most, bytes));
  auto* out = static_cast<edgert_string*>(call.outputs[0]);
  with_storage(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    for (int64_t i = 0; i < p.count; i++) {
      const int64_t written = write_number<S>(S::load(x[i]), bytes);
      out[i] = {bytes, static_cast<uint64_t>(written)};
      bytes += written;
    }
  });
  return {};
}

Status plan_parse(const NodeArgs& args, edgert_plan& plan) {
  NumberTextParams* state = new_state<NumberTextParams>(&plan);
  return state ? parse_parse_number(args, *state) : no_memory();
}

template <class T>
T clamped(double value) {
  if (value != value) return 0;
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

// Integers without a fraction or exponent are exact.
template <class T>
bool read_number(std::string_view text, T& out) {
  double value;
  if (!read_decimal(text, value)) return false;
  if constexpr (std::is_same_v<T, double>) {
    out = value;
  } else {
    const size_t first = text.find_first_of("+-0123456789"), last = text.find_last_of("0123456789");
    if (first != text.npos && last != text.npos && text.find_first_of(".eEnN") == text.npos) {
      text = text.substr(first, last + 1 - first);
      if (text[0] == '+') text.remove_prefix(1);
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
      if (code == std::errc() && end == text.data() + text.size()) return true;
    }
    out = clamped<T>(value);
  }
  return true;
}

template <class T>
Status read_all(const NumberTextParams& p, const edgert_call& call) {
  const auto* x = static_cast<const edgert_string*>(call.inputs[0]);
  T* out = static_cast<T*>(call.outputs[0]);
  for (int64_t i = 0; i < p.count; i++) {
    const std::string_view text = view(x[i]);
    if (!read_number(text, out[i]))
      return error(EDGERT_ERROR_GUARD, "element %lld is '%.*s', which is no number",
                   static_cast<long long>(i), static_cast<int>(std::min<size_t>(text.size(), 60)),
                   text.data() ? text.data() : "");
  }
  return {};
}

Status run_parse(const NumberTextParams& p, const edgert_call& call) {
  if (p.dtype == EDGERT_F64) return read_all<double>(p, call);
  return p.dtype == EDGERT_I64 ? read_all<int64_t>(p, call) : read_all<uint64_t>(p, call);
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel format_number_kernel =
    make_kernel<NumberTextParams, plan_format, run_format>("format_number");
extern const edgert_kernel parse_number_kernel =
    make_kernel<NumberTextParams, plan_parse, run_parse>("parse_number");

}  // namespace edgert
