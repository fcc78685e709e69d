#include "backends/opencl/program_cache.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

namespace edgert::cl {
namespace {

constexpr char kMagic[8] = {'e', 'd', 'g', 'e', 'c', 'l', '0', '1'};

// FNV-1a.
uint64_t hash(const std::string& text, uint64_t value = 0xcbf29ce484222325u) {
  for (unsigned char c : text) value = (value ^ c) * 0x100000001b3u;
  return value;
}

struct Header {
  char magic[8];
  uint64_t identity_bytes, source_bytes, binary_bytes, checksum;
};

std::string path_of(const std::string& identity, const std::string& source) {
  const std::string folder = cache_folder();
  if (folder.empty()) return {};
  char name[64];
  std::snprintf(name, sizeof(name), "/opencl/%016llx%016llx.bin",
                static_cast<unsigned long long>(hash(identity, hash(source))),
                static_cast<unsigned long long>(hash(source, hash(identity))));
  return folder + name;
}

std::string read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return {};
  std::string bytes;
  char chunk[1 << 14];
  for (size_t n; (n = std::fread(chunk, 1, sizeof(chunk), file)) > 0;) bytes.append(chunk, n);
  std::fclose(file);
  return bytes;
}

bool write_file(const std::string& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return (std::fclose(file) == 0) && written;
}

}  // namespace

std::string cache_folder() {
  if (const char* chosen = std::getenv("EDGERT_CACHE_DIR")) return chosen;
  if (const char* shared = std::getenv("XDG_CACHE_HOME"); shared && *shared)
    return std::string(shared) + "/edgert";
  if (const char* home = std::getenv("HOME"); home && *home) return std::string(home) + "/.cache/edgert";
  return {};
}

std::string load_program(const std::string& identity, const std::string& source) {
  const std::string path = path_of(identity, source);
  if (path.empty()) return {};
  const std::string bytes = read_file(path);
  Header header;
  if (bytes.size() < sizeof(header)) return {};
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) return {};
  if (header.identity_bytes != identity.size() || header.source_bytes != source.size()) return {};
  const size_t start = sizeof(header) + identity.size() + source.size();
  if (bytes.size() < start || bytes.size() - start != header.binary_bytes) return {};
  if (bytes.compare(sizeof(header), identity.size(), identity) != 0) return {};
  if (bytes.compare(sizeof(header) + identity.size(), source.size(), source) != 0) return {};
  std::string binary = bytes.substr(start);
  return hash(binary) == header.checksum ? binary : std::string();
}

void store_program(const std::string& identity, const std::string& source, const std::string& binary) {
  const std::string path = path_of(identity, source);
  if (path.empty()) return;
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failure);
  if (failure) return;
  static std::atomic<uint32_t> serial{std::random_device{}()};
  const std::string partial = path + "." + std::to_string(serial++) + ".part";
  Header header{{}, identity.size(), source.size(), binary.size(), hash(binary)};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes += identity + source + binary;
  if (write_file(partial, bytes)) std::filesystem::rename(partial, path, failure);
  std::filesystem::remove(partial, failure);
}

void drop_program(const std::string& identity, const std::string& source) {
  std::error_code ignored;
  std::filesystem::remove(path_of(identity, source), ignored);
}

}  // namespace edgert::cl
