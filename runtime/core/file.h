// The bytes of a .edge file in memory, mapped where possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/status.h"

namespace edgert {

// Read-only bytes, 64-byte aligned, released with the object.
class File {
 public:
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  static Status open(const char* path, std::shared_ptr<const File>& out);
  // `bytes` bytes of `fd` from `offset`; 0: to the end. The descriptor may be closed afterwards.
  static Status map(int fd, uint64_t offset, uint64_t bytes, std::shared_ptr<const File>& out);
  static Status copy(const void* data, size_t bytes, std::shared_ptr<const File>& out);

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  File() = default;
  std::span<const uint8_t> bytes_;
  void* block_ = nullptr;    // what to free or unmap
  size_t mapped_bytes_ = 0;  // 0: block_ is from the heap
};

}  // namespace edgert
