#include "backends/cpu/kernels/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#ifndef __cpp_lib_to_chars
#include <clocale>
#endif

namespace edgert::cpu {
namespace {

// "d.ddde-05" with the fewest digits; its end.
template <class T>
char* shortest(T value, char* first, char* last) {
#ifdef __cpp_lib_to_chars
  return std::to_chars(first, last, value, std::chars_format::scientific).ptr;
#else
  for (int digits = 0;; digits++) {
    std::snprintf(first, static_cast<size_t>(last - first), "%.*e", digits, static_cast<double>(value));
    const bool exact = static_cast<T>(std::strtod(first, nullptr)) == value;
    if (exact || digits == 17) return first + std::strlen(first);
  }
#endif
}

template <class T>
int64_t write(T value, char* out) {
  char* at = out;
  const auto put = [&](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  if (std::isnan(value)) return put("NaN"), at - out;
  if (std::signbit(value)) *at++ = '-';
  if (std::isinf(value)) return put("INF"), at - out;
  if (value == 0) return put("0.0"), at - out;
  char text[48], digits[24];
  char* const end = shortest(std::fabs(value), text, text + sizeof text - 1);
  *end = 0;
  char* const mark = std::find(text, end, 'e');
  const int exponent = std::atoi(mark + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const int count = static_cast<int>(std::copy_if(text, mark, digits, is_digit) - digits);
  const std::string_view all(digits, static_cast<size_t>(count));
  if (std::fabs(value) >= T(1e16) || std::fabs(value) < T(1e-4)) {
    put(all.substr(0, 1));
    if (count > 1) put("."), put(all.substr(1));
    return at - out + std::snprintf(at, 8, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) {
    put("0."), put(std::string_view("00000000", static_cast<size_t>(-1 - exponent))), put(all);
  } else if (exponent + 1 >= count) {
    put(all), put(std::string_view("0000000000000000", static_cast<size_t>(exponent + 1 - count))), put(".0");
  } else {
    put(all.substr(0, static_cast<size_t>(exponent) + 1)), put("."),
        put(all.substr(static_cast<size_t>(exponent) + 1));
  }
  return at - out;
}

bool is_word(std::string_view text, std::string_view upper) {
  return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

// Whether a number that is out of a double's range is so because it is too large.
bool is_large(std::string_view text) {
  int64_t place = 0, exponent = 0;
  bool fraction = false, started = false;
  size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; i++) {
    if (text[i] == '.') fraction = true;
    else if (started || text[i] != '0') {
      if (!started) place = fraction ? place : 0;
      started = true;
      if (!fraction) place++;
    } else if (fraction) {
      place--;
    }
  }
  for (size_t k = i + 1; k < text.size(); k++)
    if (text[k] >= '0' && text[k] <= '9')
      exponent = std::min<int64_t>(exponent * 10 + (text[k] - '0'), 1 << 30);
  const bool below = i + 1 < text.size() && text[i + 1] == '-';
  return place + (below ? -exponent : exponent) > 0;
}

// All of an unsigned decimal number.
bool read_unsigned(std::string_view text, double& out) {
#ifdef __cpp_lib_to_chars
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end != text.data() + text.size() || code == std::errc::invalid_argument) return false;
  if (code == std::errc::result_out_of_range)
    out = is_large(text) ? std::numeric_limits<double>::infinity() : 0;
  return true;
#else
  std::string local(text);
  const size_t point = local.find('.');
  if (point != local.npos) local.replace(point, 1, std::localeconv()->decimal_point);
  char* end;
  out = std::strtod(local.c_str(), &end);
  return end == local.c_str() + local.size();
#endif
}

}  // namespace

int64_t write_decimal(float value, char* out) { return write(value, out); }
int64_t write_decimal(double value, char* out) { return write(value, out); }

bool read_decimal(std::string_view text, double& out) {
  constexpr std::string_view blanks = " \t\n\r\v\f";
  const size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return false;
  text = text.substr(first, text.find_last_not_of(blanks) + 1 - first);
  if (is_word(text, "NAN")) return out = std::numeric_limits<double>::quiet_NaN(), true;
  if (is_word(text, "TRUE") || is_word(text, "FALSE")) return out = text.size() == 4, true;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  if (is_word(text, "INF")) {
    out = std::numeric_limits<double>::infinity();
  } else {
    const bool begins = !text.empty() && (text[0] == '.' || (text[0] >= '0' && text[0] <= '9'));
    if (!begins || text.find_first_not_of("0123456789+-.eE") != text.npos || !read_unsigned(text, out))
      return false;
  }
  if (negative) out = -out;
  return true;
}

}  // namespace edgert::cpu
