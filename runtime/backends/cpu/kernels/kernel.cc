#include "backends/cpu/kernels/kernel.h"

#include <cstdio>

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

}  // namespace edgert::cpu
