// Loads and runs damaged copies of .edge files. Built with EDGERT_SANITIZE it proves that damage ends in an
// error or a run, never in a crash, an access out of bounds or a hang.
//
//   fuzz truncate FILE        every prefix of the file
//   fuzz flip FILE COUNT SEED COUNT copies with one to four random bytes changed
//   fuzz number FILE COUNT SEED  COUNT copies with one or two integers of the graph replaced: most stay
//   readable fuzz verify FILE          one flip in each byte: load with EDGERT_VERIFY must report every one
//
// Prints one JSON line with how the copies ended; exit code 1 if `verify` missed a flip.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "edgert.h"

namespace {

using Bytes = std::vector<unsigned char>;
constexpr uint64_t kMemoryLimit = 16 << 20;
constexpr uint64_t kStepLimit = 2000;
constexpr int64_t kSymbolicSize = 2;

Bytes read_file(const char* path) {
  Bytes bytes;
  if (FILE* file = std::fopen(path, "rb")) {
    unsigned char chunk[65536];
    for (size_t n; (n = std::fread(chunk, 1, sizeof chunk, file)) > 0;)
      bytes.insert(bytes.end(), chunk, chunk + n);
    std::fclose(file);
  }
  return bytes;
}

edgert_options options(uint32_t flags) {
  edgert_options o = {};
  o.size = sizeof o;
  o.flags = flags;
  o.threads = 1;
  o.memory_limit = kMemoryLimit;
  o.step_limit = kStepLimit;
  o.memory_budget = 1;  // images are made in bands of lines
  return o;
}

uint64_t element_bytes(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F64:
    case EDGERT_I64:
    case EDGERT_U64:
    case EDGERT_C64: return 8;
    case EDGERT_C128:
    case EDGERT_STRING: return 16;
    case EDGERT_F32:
    case EDGERT_I32:
    case EDGERT_U32: return 4;
    case EDGERT_F16:
    case EDGERT_BF16:
    case EDGERT_I16:
    case EDGERT_U16: return 2;
    default: return 1;
  }
}

// Small whole numbers, so that tensors used as indices or sizes are often valid. False: too large to feed.
bool make_input(const edgert_spec& spec, std::mt19937_64& random, Bytes& storage, edgert_tensor& tensor) {
  tensor = {};
  tensor.size = sizeof tensor;
  tensor.dtype = spec.dtype;
  tensor.rank = spec.rank;
  uint64_t bytes = element_bytes(spec.dtype);
  for (int i = 0; i < spec.rank; ++i) {
    tensor.dims[i] = spec.dims[i] < 0 ? kSymbolicSize : spec.dims[i];
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(tensor.dims[i]), &bytes)) return false;
    if (bytes > kMemoryLimit) return false;
  }
  storage.assign(bytes, 0);
  const uint64_t width = element_bytes(spec.dtype);
  for (uint64_t at = 0; at + width <= bytes; at += width) {
    const float real = static_cast<float>(random() % 5);
    const edgert_string text = {"a longer text", random() % 14};
    if (spec.dtype == EDGERT_F32) std::memcpy(&storage[at], &real, sizeof real);
    else if (spec.dtype == EDGERT_STRING) std::memcpy(&storage[at], &text, sizeof text);
    else storage[at] = static_cast<unsigned char>(random() % (spec.dtype == EDGERT_BOOL ? 2 : 5));
  }
  tensor.data = storage.data();
  tensor.bytes = bytes;
  return true;
}

// Gives a sequence, optional or map input the first of a few values that is of its type.
edgert_status set_container(edgert_session* session, int32_t input) {
  float numbers[4] = {1, 2, 3, 4};
  int64_t keys[2] = {7, 8};
  edgert_string texts[2] = {{"key", 3}, {"other", 5}};
  struct Made {
    int32_t dtype;
    void* data;
    uint64_t bytes;
  };
  const Made made[] = {
      {EDGERT_F32, numbers, 8}, {EDGERT_STRING, texts, sizeof texts}, {EDGERT_I64, keys, sizeof keys}};
  std::vector<edgert_value*> values;
  for (const Made& m : made) {
    edgert_tensor tensor = {};
    tensor.size = sizeof tensor;
    tensor.dtype = m.dtype;
    tensor.rank = 1;
    tensor.dims[0] = 2;
    tensor.data = m.data;
    tensor.bytes = m.bytes;
    if (edgert_value_tensor(&tensor, &values.emplace_back()) != EDGERT_OK) std::abort();
  }
  for (int i = 0; i < 3; ++i) {
    const edgert_value* items[] = {values[static_cast<size_t>(i)], values[static_cast<size_t>(i)]};
    if (edgert_value_sequence(items, 2, &values.emplace_back()) != EDGERT_OK) std::abort();
    if (i && edgert_value_map(items[0], values[0], &values.emplace_back()) != EDGERT_OK) std::abort();
  }
  edgert_status status = edgert_set_input_value(session, input, nullptr);
  for (size_t i = 0; i < values.size() && status != EDGERT_OK; ++i)
    status = edgert_set_input_value(session, input, values[i]);
  for (edgert_value* value : values) edgert_value_free(value);
  return status;
}

// The sum of all bytes that a tensor, or what it points to, holds.
uint64_t sum_of(const edgert_tensor& tensor) {
  uint64_t sum = 0;
  const auto* bytes = static_cast<const unsigned char*>(tensor.data);
  for (uint64_t b = 0; b < tensor.bytes; ++b) sum += bytes[b];
  const auto* texts = static_cast<const edgert_string*>(tensor.data);
  for (uint64_t i = 0; tensor.dtype == EDGERT_STRING && i < tensor.bytes / sizeof *texts; ++i)
    for (uint64_t b = 0; b < texts[i].bytes; ++b) sum += static_cast<unsigned char>(texts[i].data[b]);
  return sum;
}

// The same of a value; items are shared, so there may be many ways to each: `room` limits the walk.
uint64_t sum_of(const edgert_value* value, int& room) {
  edgert_tensor tensor = {};
  tensor.size = sizeof tensor;
  const int32_t kind = edgert_value_kind(value);
  if (kind == 0 || --room < 0) return 0;
  if (kind != EDGERT_SEQUENCE && kind != EDGERT_MAP)
    return edgert_value_get_tensor(value, &tensor) == EDGERT_OK ? sum_of(tensor) : 0;
  uint64_t sum = 0;
  for (int64_t i = 0; i < edgert_value_count(value) && room > 0; ++i) {
    const edgert_value* item;
    if (edgert_value_item(value, i, &item) == EDGERT_OK) sum += sum_of(item, room);
  }
  return sum;
}

bool is_container(int32_t dtype) { return dtype >= EDGERT_SEQUENCE && dtype <= EDGERT_MAP; }

edgert_status run(edgert_session* session, std::mt19937_64& random) {
  const int32_t count = edgert_input_count(session);
  bool points = false;
  std::vector<Bytes> storage(static_cast<size_t>(count < 0 ? 0 : count));
  for (int32_t i = 0; i < count; ++i) {
    edgert_spec spec = {};
    spec.size = sizeof spec;
    edgert_tensor tensor;
    if (edgert_status s = edgert_input_spec(session, i, &spec); s != EDGERT_OK) return s;
    if (is_container(spec.dtype)) {
      points = true;
      if (edgert_status s = set_container(session, i); s != EDGERT_OK) return s;
      continue;
    }
    points |= spec.dtype == EDGERT_STRING;
    if (!make_input(spec, random, storage[static_cast<size_t>(i)], tensor)) return EDGERT_ERROR_ARGUMENT;
    if (edgert_status s = edgert_set_input(session, i, &tensor); s != EDGERT_OK) return s;
  }
  // What a run makes is gone with the next one, but for states.
  for (int runs = points ? 3 : 1; runs > 0; --runs)
    if (edgert_status s = edgert_run(session); s != EDGERT_OK) return s;
  uint64_t sum = 0;
  for (int32_t i = 0; i < edgert_output_count(session); ++i) {
    const edgert_value* value;
    int room = 1 << 16;
    if (edgert_status s = edgert_get_output_value(session, i, &value); s != EDGERT_OK) return s;
    sum += sum_of(value, room);
  }
  static volatile uint64_t sink;
  sink = sum;  // every byte of every output is read
  (void)sink;
  return EDGERT_OK;
}

struct Tally {
  uint64_t refused = 0, failed = 0, ran = 0;
};

void attempt(const Bytes& file, std::mt19937_64& random, Tally& tally) {
  const edgert_options o = options(0);
  edgert_session* session = nullptr;
  if (edgert_load_memory(file.data(), file.size(), &o, &session) != EDGERT_OK) {
    ++tally.refused;
    return;
  }
  const char* json;
  (void)edgert_describe(session, &json);
  ++(run(session, random) == EDGERT_OK ? tally.ran : tally.failed);
  edgert_close(session);
}

int report(const Tally& tally, uint64_t missed) {
  std::printf("{\"refused\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"ran\": %" PRIu64 ", \"missed\": %" PRIu64
              "}\n",
              tally.refused, tally.failed, tally.ran, missed);
  return missed ? 1 : 0;
}

int truncate(const Bytes& file) {
  std::mt19937_64 random(1);
  Tally tally;
  for (size_t size = 0; size < file.size(); ++size)
    attempt(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), random, tally);
  return report(tally, 0);
}

int flip(const Bytes& file, uint64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  Tally tally;
  for (uint64_t i = 0; i < count; ++i) {
    Bytes copy = file;
    for (uint64_t n = 1 + random() % 4; n > 0; --n)
      copy[random() % copy.size()] ^= static_cast<unsigned char>(1 + random() % 255);
    attempt(copy, random, tally);
  }
  return report(tally, 0);
}

int number(const Bytes& file, uint64_t count, uint64_t seed) {
  constexpr int64_t kTelling[] = {0,  1,  2,  3,   4,   5,     7,         8,         16,
                                  64, -1, -2, 127, 255, 65536, INT32_MAX, INT32_MIN, INT64_MAX};
  constexpr size_t kGraphStart = 64;
  uint64_t graph_bytes = 0;
  std::memcpy(&graph_bytes, file.data() + 24, sizeof graph_bytes);
  if (graph_bytes < 16 || graph_bytes > file.size() - kGraphStart) return 2;
  std::mt19937_64 random(seed);
  Tally tally;
  for (uint64_t i = 0; i < count; ++i) {
    Bytes copy = file;
    for (uint64_t n = 1 + random() % 2; n > 0; --n) {
      const size_t width = size_t{1} << random() % 4;
      const size_t at = kGraphStart + random() % (graph_bytes - 8) / width * width;
      const int64_t value = kTelling[random() % (sizeof kTelling / sizeof *kTelling)];
      std::memcpy(&copy[at], &value, width);
    }
    attempt(copy, random, tally);
  }
  return report(tally, 0);
}

int verify(const Bytes& file) {
  std::mt19937_64 random(2);
  const edgert_options o = options(EDGERT_VERIFY);
  uint64_t missed = 0;
  Tally tally;
  for (size_t at = 0; at < file.size(); ++at) {
    Bytes copy = file;
    copy[at] ^= static_cast<unsigned char>(1 + random() % 255);
    edgert_session* session = nullptr;
    if (edgert_load_memory(copy.data(), copy.size(), &o, &session) == EDGERT_OK) {
      ++missed;
      edgert_close(session);
    } else {
      ++tally.refused;
    }
  }
  return report(tally, missed);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 2 ? arguments[1] : "";
  const Bytes file = count > 2 ? read_file(arguments[2]) : Bytes();
  if (file.empty()) {
    std::fprintf(stderr, "usage: fuzz truncate|verify FILE, fuzz flip|number FILE COUNT SEED\n");
    return 2;
  }
  if (mode == "truncate") return truncate(file);
  if (mode == "verify") return verify(file);
  if (count == 5 && (mode == "flip" || mode == "number"))
    return (mode == "flip" ? flip : number)(file, std::strtoull(arguments[3], nullptr, 10),
                                            std::strtoull(arguments[4], nullptr, 10));
  return 2;
}
