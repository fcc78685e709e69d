// A status code with its message; the only error channel inside the runtime.
#pragma once

#include <string>
#include <utility>

#include "edgert.h"

namespace edgert {

// One pointer, null where there is no error, so that passing it on takes little code.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(edgert_status code, std::string text);
  Status(const Status& other) : Status(other.code(), other.text()) {}
  Status(Status&& other) noexcept : failure_(std::exchange(other.failure_, nullptr)) {}
  Status& operator=(Status&& other) noexcept {
    std::swap(failure_, other.failure_);
    return *this;
  }
  ~Status() {
    if (failure_) discard();
  }

  bool ok() const { return !failure_; }
  edgert_status code() const;
  const std::string& text() const;

 private:
  struct Failure;
  void discard();

  Failure* failure_ = nullptr;
};

// printf into a Status, "who: what, got, expected".
[[gnu::format(printf, 2, 3)]] Status error(edgert_status code, const char* format, ...);

}  // namespace edgert

#define EDGERT_TRY(expression)                                                  \
  do {                                                                          \
    if (::edgert::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)
