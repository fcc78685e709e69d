// A status code with its message; the only error channel inside the runtime.
#pragma once

#include <string>
#include <utility>

#include "edgert.h"

namespace edgert {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(edgert_status code, std::string text) : code_(code), text_(std::move(text)) {}

  bool ok() const { return code_ == EDGERT_OK; }
  edgert_status code() const { return code_; }
  const std::string& text() const { return text_; }

 private:
  edgert_status code_ = EDGERT_OK;
  std::string text_;
};

// printf into a Status, "who: what, got, expected".
[[gnu::format(printf, 2, 3)]] Status error(edgert_status code, const char* format, ...);

}  // namespace edgert

#define EDGERT_TRY(expression)                                                  \
  do {                                                                          \
    if (::edgert::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)
