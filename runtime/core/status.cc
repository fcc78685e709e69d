#include "core/status.h"

#include <cstdarg>
#include <cstdio>

namespace edgert {

Status error(edgert_status code, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return Status(code, text);
}

}  // namespace edgert
