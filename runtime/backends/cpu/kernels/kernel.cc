#include "backends/cpu/kernels/kernel.h"

#include <cstdio>
#include <cstring>
#include <string>

namespace edgert::cpu {

edgert_status fail(const edgert_plan& plan, edgert_status code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (plan.error && plan.error_bytes) std::vsnprintf(plan.error, plan.error_bytes, format, arguments);
  va_end(arguments);
  return code;
}

edgert_status fail(const edgert_call& call, edgert_status code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (call.error && call.error_bytes) std::vsnprintf(call.error, call.error_bytes, format, arguments);
  va_end(arguments);
  return code;
}

edgert_status report(const edgert_plan& plan, const Status& status) {
  return status.ok() ? EDGERT_OK : fail(plan, status.code(), "%s", status.text().c_str());
}

edgert_status report(const edgert_call& call, const Status& status) {
  return status.ok() ? EDGERT_OK : fail(call, status.code(), "%s", status.text().c_str());
}

size_t choose_way(edgert_plan& plan, std::span<const char* const> ways, size_t usual) {
  size_t taken = usual;
  std::string text;
  for (size_t i = 0; plan.way && i < ways.size(); i++)
    if (std::strcmp(plan.way, ways[i]) == 0) taken = i;
  for (size_t i = 0; i < ways.size(); i++)
    text =
        i == taken ? ways[i] + (text.empty() ? "" : " " + text) : text + (text.empty() ? "" : " ") + ways[i];
  if (char* told = allocate<char>(plan, text.size() + 1)) plan.ways = std::strcpy(told, text.c_str());
  return taken;
}

}  // namespace edgert::cpu
