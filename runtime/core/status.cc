#include "core/status.h"

#include <cstdarg>
#include <cstdio>

namespace edgert {

struct Status::Failure {
  edgert_status code;
  std::string text;
};

Status::Status(edgert_status code, std::string text) {
  if (code != EDGERT_OK) failure_ = new Failure{code, std::move(text)};
}

edgert_status Status::code() const { return failure_ ? failure_->code : EDGERT_OK; }

const std::string& Status::text() const {
  static const auto* none = new std::string();
  return failure_ ? failure_->text : *none;
}

void Status::discard() { delete failure_; }

Status error(edgert_status code, const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return Status(code, text);
}

}  // namespace edgert
