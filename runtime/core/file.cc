#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace edgert {

File::~File() {
  if (mapped_bytes_) munmap(block_, mapped_bytes_);
  else std::free(block_);
}

Status File::open(const char* path, std::shared_ptr<const File>& out) {
  int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is refused, not waited for
  if (fd < 0) return error(EDGERT_ERROR_IO, "load '%s': %s", path, std::strerror(errno));
  Status status = map(fd, 0, 0, out);
  close(fd);
  if (!status.ok()) return error(status.code(), "load '%s': %s", path, status.text().c_str());
  return status;
}

Status File::map(int fd, uint64_t offset, uint64_t bytes, std::shared_ptr<const File>& out) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return error(EDGERT_ERROR_IO, "cannot read the file's size: %s", std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return error(EDGERT_ERROR_IO, "not a regular file");
  uint64_t total = static_cast<uint64_t>(info.st_size);
  if (offset > total || bytes > total - offset)
    return error(EDGERT_ERROR_IO, "bytes %llu from offset %llu asked for, the file has %llu",
                 static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(offset),
                 static_cast<unsigned long long>(total));
  if (bytes == 0) bytes = total - offset;
  if (bytes == 0) return error(EDGERT_ERROR_FORMAT, "the file is empty");

  const uint64_t lead = offset % static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX - lead) return error(EDGERT_ERROR_MEMORY, "the file is larger than the address space");
  void* block = mmap(nullptr, bytes + lead, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(offset - lead));
  if (block == MAP_FAILED) return error(EDGERT_ERROR_IO, "cannot map the file: %s", std::strerror(errno));
  const auto* start = static_cast<const uint8_t*>(block) + lead;
  if (lead % 64 != 0) {
    Status status = copy(start, bytes, out);
    munmap(block, bytes + lead);
    return status;
  }
  std::shared_ptr<File> file(new File());
  file->block_ = block;
  file->mapped_bytes_ = bytes + lead;
  file->bytes_ = {start, static_cast<size_t>(bytes)};
  out = std::move(file);
  return {};
}

Status File::copy(const void* data, size_t bytes, std::shared_ptr<const File>& out) {
  void* block = nullptr;
  if (posix_memalign(&block, 64, bytes ? bytes : 1) != 0)
    return error(EDGERT_ERROR_MEMORY, "no memory for the file's %zu bytes", bytes);
  if (bytes) std::memcpy(block, data, bytes);
  std::shared_ptr<File> file(new File());
  file->block_ = block;
  file->bytes_ = {static_cast<const uint8_t*>(block), bytes};
  out = std::move(file);
  return {};
}

}  // namespace edgert
