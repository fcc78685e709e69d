// Parts of the core that the C ABI does not show: the planner, expressions, errors, the checksum, the thread
// pool, types of values and copies of them.
// Linked with those parts' sources. Prints what failed; the exit code is how many did.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "core/checksum.h"
#include "core/planner.h"
#include "core/status.h"
#include "core/symbols.h"
#include "core/threads.h"
#include "core/value.h"
#include "core/value_type.h"

using namespace edgert;

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  failures++;
  std::printf("failed: %s\n", what);
}

bool disjoint(const std::vector<Lifetime>& lives, const std::vector<uint64_t>& offsets) {
  for (size_t a = 0; a < lives.size(); a++)
    for (size_t b = 0; b < a; b++) {
      const bool together = lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
      if (together && offsets[a] < offsets[b] + lives[b].bytes && offsets[b] < offsets[a] + lives[a].bytes)
        return false;
    }
  return true;
}

uint64_t most_alive(const std::vector<Lifetime>& lives) {
  uint64_t most = 0;
  for (const Lifetime& at : lives) {
    uint64_t sum = 0;
    for (const Lifetime& l : lives)
      if (l.first <= at.first && at.first <= l.last) sum += (l.bytes + 63) / 64 * 64;
    most = std::max(most, sum);
  }
  return most;
}

void test_planner() {
  Places places;
  std::mt19937 random(1);
  double taken = 0, least = 0;
  for (int round = 0; round < 200; round++) {
    std::vector<Lifetime> lives(random() % 40);
    uint64_t sum = 0;
    for (Lifetime& l : lives) {
      l.first = static_cast<int32_t>(random() % 20);
      l.last = l.first + static_cast<int32_t>(random() % 5);
      l.bytes = random() % 5000;
      sum += (l.bytes + 63) / 64 * 64;
    }
    expect(place(lives, places) && disjoint(lives, places.offsets), "random lifetimes");
    expect(places.bytes <= sum && places.bound == most_alive(lives) && places.bytes >= places.bound,
           "a block is as large as what lives at once, or a little more");
    for (uint64_t o : places.offsets) expect(o % 64 == 0, "offsets are aligned");
    taken += static_cast<double>(places.bytes);
    least += static_cast<double>(places.bound);
  }
  expect(taken <= 1.005 * least, "blocks are within half a percent of the bound on the whole");
  const std::vector<Lifetime> chain = {{0, 1, 64}, {1, 2, 64}, {2, 3, 64}, {3, 4, 64}};
  expect(place(chain, places) && places.bytes == 128, "a chain needs two buffers");
  expect(place({}, places) && places.bytes == 0 && places.bound == 0, "nothing needs nothing");
  expect(!place(std::vector<Lifetime>{{0, 0, UINT64_MAX}}, places), "a size that overflows");
  expect(!place(std::vector<Lifetime>(8, {0, 0, uint64_t{1} << 61}), places), "a sum that overflows");
}

Expr make(ExprCode code, int32_t a, int32_t b = 0, int32_t c = 0) {
  Expr e;
  e.code = code;
  e.a = a;
  e.b = b;
  e.c = c;
  return e;
}

Expr constant(int64_t value) {
  Expr e;
  e.value = value;
  return e;
}

// The state and value of `code` on two numbers.
Evaluation::State apply(ExprCode code, int64_t a, int64_t b, int64_t& out) {
  Model model;
  model.exprs = {constant(a), constant(b), make(code, 0, 1)};
  const Symbols symbols(model);
  const Evaluation evaluation(model, symbols);
  out = evaluation.value(2);
  return evaluation.state(2);
}

void expect_value(ExprCode code, int64_t a, int64_t b, int64_t expected, const char* what) {
  int64_t got = 0;
  expect(apply(code, a, b, got) == Evaluation::State::kKnown && got == expected, what);
}

void test_expressions() {
  expect_value(ExprCode::kFloorDiv, -7, 2, -4, "floordiv rounds down");
  expect_value(ExprCode::kFloorDiv, 7, -2, -4, "floordiv by a negative");
  expect_value(ExprCode::kCeilDiv, 7, 2, 4, "ceildiv rounds up");
  expect_value(ExprCode::kCeilDiv, -7, 2, -3, "ceildiv of a negative");
  expect_value(ExprCode::kMod, -7, 2, 1, "mod has the divisor's sign");
  expect_value(ExprCode::kMod, INT64_MIN, -1, 0, "mod -1");
  expect_value(ExprCode::kBcast, 1, 5, 5, "bcast of 1");
  expect_value(ExprCode::kEq, 3, 3, 1, "eq");
  int64_t unused;
  using State = Evaluation::State;
  expect(apply(ExprCode::kAdd, INT64_MAX, 1, unused) == State::kOverflow, "add overflows");
  expect(apply(ExprCode::kMul, INT64_MAX, 2, unused) == State::kOverflow, "mul overflows");
  expect(apply(ExprCode::kFloorDiv, INT64_MIN, -1, unused) == State::kOverflow, "floordiv overflows");
  expect(apply(ExprCode::kFloorDiv, 1, 0, unused) == State::kDivision, "division by zero");
  expect(apply(ExprCode::kBcast, 2, 3, unused) == State::kBroadcast, "bcast of different sizes");
}

void test_texts_and_guards() {
  Model model;
  model.symbols = {"n"};
  // 0: n, 1: 2, 2: n*2, 3: 1, 4: n*2 + 1, 5: eq(n, 2), 6: select(eq(n, 2), 2, n*2 + 1)
  model.exprs = {make(ExprCode::kSymbol, 0),      constant(2),
                 make(ExprCode::kMul, 0, 1),      constant(1),
                 make(ExprCode::kAdd, 2, 3),      make(ExprCode::kEq, 0, 1),
                 make(ExprCode::kSelect, 5, 1, 4)};
  expect(expr_text(model, 4) == "n*2 + 1", "the text of a sum");
  Symbols symbols(model);
  expect(Evaluation(model, symbols).state(4) == Evaluation::State::kUnknown, "an unknown symbol");
  symbols.set(0, 5);
  const Evaluation evaluation(model, symbols);
  expect(evaluation.value(6) == 11, "select takes the other branch");
  const std::vector<Guard> guards = {{5, "conv 'c'", "two rows"}};
  const Status status = evaluation.check(guards);
  expect(status.code() == EDGERT_ERROR_GUARD && status.text() == "conv 'c': two rows, got n = 5 (eq(n, 2))",
         "a guard's message");
  symbols.set(0, 2);
  expect(Evaluation(model, symbols).check(guards).ok(), "a guard that holds");
  // x0 = n, x(k+1) = xk + xk: the text of a shared expression stays short.
  model.exprs = {make(ExprCode::kSymbol, 0)};
  for (int32_t i = 0; i < 60; i++) model.exprs.push_back(make(ExprCode::kAdd, i, i));
  expect(expr_text(model, 60).size() < 500, "a deep expression's text is cut");
}

void test_status() {
  expect(Status().ok() && Status().code() == EDGERT_OK && Status().text().empty(), "no error");
  expect(Status(EDGERT_OK, "words").ok(), "the code says whether it is one");
  Status first = error(EDGERT_ERROR_IO, "%d of %s", 2, "them");
  const Status copy = first;
  Status moved = std::move(first);
  expect(moved.code() == EDGERT_ERROR_IO && moved.text() == "2 of them", "an error is passed on");
  expect(copy.code() == moved.code() && copy.text() == moved.text(), "an error is copied");
  moved = Status();
  expect(moved.ok() && !copy.ok(), "an error is replaced");
}

void test_checksum() {
  expect(crc32(0, "123456789", 9) == 0xCBF43926u, "the check value of CRC-32");
  std::vector<uint8_t> bytes(1000);
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 7);
  const uint32_t whole = crc32(0, bytes.data(), bytes.size());
  for (size_t cut : {0, 1, 7, 8, 9, 500, 999})
    expect(crc32(crc32(0, bytes.data(), cut), bytes.data() + cut, bytes.size() - cut) == whole,
           "in two parts");
}

struct Marks {
  std::vector<int> hits;
  int32_t threads;
  bool worker_in_range = true;
};

void mark(void* argument, int64_t i, int32_t worker) {
  auto* marks = static_cast<Marks*>(argument);
  marks->hits[static_cast<size_t>(i)]++;
  if (worker < 0 || worker >= marks->threads) marks->worker_in_range = false;
}

void test_threads() {
  const auto caller = [](unsigned seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; round++) {
      Marks marks{std::vector<int>(1 + random() % 37), static_cast<int32_t>(1 + random() % 5)};
      parallel_for(marks.threads, static_cast<int64_t>(marks.hits.size()), mark, &marks);
      for (int h : marks.hits) expect(h == 1, "every index once");
      expect(marks.worker_in_range, "worker numbers are below the thread count");
    }
  };
  std::vector<std::thread> callers;
  for (unsigned seed = 0; seed < 3; seed++) callers.emplace_back(caller, seed);
  for (std::thread& t : callers) t.join();
  expect(usable_cores() >= 1, "at least one core");
}

Object tensor_of(int32_t dtype, std::vector<int64_t> dims, const void* data) {
  Object object;
  object.dtype = dtype;
  object.rank = static_cast<int32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), object.dims);
  object.data = data;
  return object;
}

Object sequence_of(const std::vector<const Object*>& items) {
  Object object;
  object.dtype = EDGERT_SEQUENCE;
  object.items = items.data();
  object.count = static_cast<int64_t>(items.size());
  object.depth = 1;
  return object;
}

std::string misfit_of(const char* text, const Object* object) {
  ValueType type;
  return parse_value_type(text, type) ? misfit(type, object) : "no type";
}

void test_value_types() {
  for (const char* text : {"f32[]", "f32[2, ?]", "string[...]", "i64[-]", "sequence(?)", "map(i64, f32[])",
                           "optional(sequence(map(string, bf16[?])))", " sequence ( f32 [ 2 ] ) "}) {
    ValueType type;
    expect(parse_value_type(text, type), text);
  }
  const std::string deep = [] {
    std::string text = "f32[]";
    for (int i = 0; i < 40; i++) text = "sequence(" + text + ")";
    return text;
  }();
  for (const char* text : {"", "f32", "f32[", "f32[2", "f32[2,]", "f32[-1]", "f32[2]]", "f99[]", "sequence",
                           "sequence()", "map(f32[])", "map(f32, f32[])", "f32[99999999999999999999]",
                           "f32[1,1,1,1,1,1,1,1,1,1,1,1,1]", "?", deep.c_str()}) {
    ValueType type;
    expect(!parse_value_type(text, type), text);
  }
  const float numbers[6] = {};
  const Object two = tensor_of(EDGERT_F32, {2, 3}, numbers), one = tensor_of(EDGERT_F32, {3}, numbers);
  const std::vector<const Object*> items = {&two, &one}, none;
  const Object both = sequence_of(items), empty = sequence_of(none);
  expect(misfit_of("f32[?, 3]", &two).empty(), "a tensor that fits");
  expect(misfit_of("f32[2, 2]", &two) == "is f32[2, 3], expected f32[2, 2]", "a tensor of another size");
  expect(misfit_of("sequence(f32[...])", &both).empty(), "items of any shape");
  expect(misfit_of("sequence(f32[?, 3])", &both) == "item 1 is f32[3], expected f32[?, 3]",
         "an item's misfit");
  expect(misfit_of("sequence(i8[])", &empty).empty(), "nothing is of any type");
  expect(misfit_of("optional(f32[3])", nullptr).empty() && misfit_of("optional(f32[3])", &one).empty(),
         "optionals");
  expect(misfit_of("sequence(f32[])", nullptr) == "is absent, expected sequence(f32[])",
         "nothing is no sequence");
  expect(misfit_of("map(i64, f32[])", &empty) == "is sequence of 0, expected map(i64, f32[])",
         "another container");
}

void test_values() {
  std::string letters = "abc";
  const edgert_string texts[] = {{letters.data(), 3}, {letters.data(), 2}, {nullptr, 0}};
  const Object words = tensor_of(EDGERT_STRING, {3}, texts);
  OwnedValue *copy = nullptr, *list = nullptr, *nested = nullptr, *map = nullptr;
  expect(OwnedValue::copy(words, copy).ok(), "a copy");
  letters = "xyz";
  const auto* copied = static_cast<const edgert_string*>(copy->data);
  expect(view(copied[0]) == "abc" && view(copied[1]) == "ab" && view(copied[2]).empty(), "texts are copied");
  const Object* items[] = {copy, nullptr, copy, &words};
  expect(OwnedValue::sequence(items, list).ok() && list->count == 4, "a sequence");
  copy->release();
  expect(list->items[0] == copy && !list->items[1] && list->items[3] != &words, "it keeps its items");
  const auto* kept = static_cast<const edgert_string*>(list->items[3]->data);
  expect(view(static_cast<const edgert_string*>(list->items[0]->data)[0]) == "abc" && view(kept[0]) == "xyz",
         "items that are not counted are copied");

  // Sixteen levels of pairs are 2^16 ways to one tensor, but one copy of it.
  const Object* level = list;
  std::vector<OwnedValue*> levels;
  for (int i = 0; i < kMaxDepth - 1; i++) {
    const Object* pair[] = {level, level};
    expect(OwnedValue::sequence(pair, levels.emplace_back()).ok(), "a pair");
    level = levels.back();
  }
  const Object* pair[] = {level, level};
  expect(OwnedValue::sequence(pair, nested).code() == EDGERT_ERROR_LIMIT && !nested, "too deep");
  uint64_t bytes = 0;
  std::vector<std::vector<uint64_t>> blocks;
  Copier copier([&](uint64_t size) -> void* {
    bytes += size;
    return blocks.emplace_back(size / 8 + 1).data();
  });
  const Object* whole = nullptr;
  expect(copier.copy(level, whole).ok() && bytes < 10000, "what is shared is copied once");
  expect(whole->depth == kMaxDepth && whole->items[0] == whole->items[1], "it stays shared");
  Copier starved([](uint64_t) -> void* { return nullptr; });
  expect(starved.copy(level, whole).code() == EDGERT_ERROR_MEMORY, "no memory for a copy");

  const Object wrong = tensor_of(EDGERT_STRING, {2}, texts);
  expect(OwnedValue::map(words, wrong, map).code() == EDGERT_ERROR_ARGUMENT && !map, "keys without values");
  expect(OwnedValue::map(words, words, map).ok() && map->items[0]->dims[0] == 3, "a map");
  map->release();
  list->release();
  for (OwnedValue* l : levels) l->release();
}

}  // namespace

int main() {
  test_planner();
  test_expressions();
  test_texts_and_guards();
  test_status();
  test_checksum();
  test_threads();
  test_value_types();
  test_values();
  return failures;
}
