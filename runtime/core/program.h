// A loaded model as plain structs: what is left of the file after the loader has checked it.
// Immutable; sessions share it. Indices are valid, expressions refer backwards only, values are
// defined before they are used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/node.h"
#include "core/value_type.h"

namespace edgert {

enum class ExprCode : uint8_t {
  kConst,
  kSymbol,
  kAdd,
  kSub,
  kMul,
  kFloorDiv,
  kCeilDiv,
  kMod,
  kMin,
  kMax,
  kEq,
  kSelect,
  kBcast
};

struct Expr {
  int64_t value = 0;  // of kConst
  int32_t a = 0, b = 0, c = 0;
  ExprCode code = ExprCode::kConst;
};

struct Form {
  std::string kind;
  std::vector<int64_t> params;
  const uint8_t* data = nullptr;
  uint64_t bytes = 0;
};

struct Constant {
  int32_t dtype = 0;
  std::vector<int64_t> dims;
  std::vector<Form> forms;
  std::vector<edgert_form> views;  // of `forms`, as kernels see them
};

struct Value {
  std::string name;
  int32_t dtype = 0;
  std::vector<int32_t> dims;  // expressions
  int32_t constant = -1;
  int32_t form = 0;
  int32_t capacity = -1;  // expression, elements; -1: the product of dims
  std::string type_text;  // of a container, what it holds

  // Derived by the loader.
  int32_t producer = -1;     // node; -1: a graph input or a constant
  int32_t input = -1;        // position among the graph's inputs
  int32_t root = 0;          // the value whose storage it shares: itself, or what it is a reshape of
  int32_t segment = 0;       // where it is defined
  int32_t dims_offset = 0;   // of its dims in Graph::dim_count numbers
  int32_t last_segment = 0;  // of a root: the last one that reads it or an alias of it
  ValueType type;            // of a container
  bool unbounded = false;    // a kernel or body finds its size, and no capacity bounds it
  bool escapes = false;      // of a root: read by a later segment, by a binding, or as an output
};

struct Node {
  edgert_node info;
  std::vector<int32_t> inputs, outputs;  // values; -1: absent
  std::vector<int32_t> graphs;
  std::vector<std::string> absorbed;
  bool symbolic = false;   // an attribute holds expressions
  int32_t first_body = 0;  // of its graphs among all bodies of the graph's nodes
  bool is_alias() const { return info.op == "reshape"; }
  bool is_control() const { return !graphs.empty(); }
};

enum class Source : uint8_t { kInputDim, kElement, kCount };

struct Binding {
  int32_t symbol = 0;
  Source source = Source::kInputDim;
  int32_t value = 0;
  int32_t index = 0;
};

struct Guard {
  int32_t expr = 0;
  std::string node;
  std::string message;
};

struct Segment {
  int32_t first_node = 0, end_node = 0;
  std::vector<Binding> bindings;
  std::vector<Guard> guards;
  std::vector<int32_t> key;  // derived: the symbols its plan depends on, known when it is bound
};

struct SourceName {
  std::string name;
  int32_t value = -1;
  std::vector<uint8_t> perm;  // empty: identity
  std::string absorbed_by;
};

struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<int32_t> inputs, outputs;
  std::vector<Node> nodes;
  std::vector<Segment> segments;
  std::vector<SourceName> names;
  std::vector<int32_t> symbols;  // derived: those that its segments bind
  int32_t dim_count = 0;         // derived: the sum of all values' ranks
  int32_t body_count = 0;        // derived: the sum of all nodes' graphs
};

struct Entry {
  std::string name;
  int32_t graph = 0;
};

struct State {
  int32_t entry = 0, input = 0, output = 0, initial = -1;
};

struct Reference {
  std::vector<int32_t> inputs, outputs;  // constants
  double tolerance = 0;
  std::string source;
};

struct FreeStrings {
  void operator()(edgert_string* strings) const { ::operator delete(strings, std::align_val_t{64}); }
};
using StringArray = std::unique_ptr<edgert_string[], FreeStrings>;

struct Model {
  std::shared_ptr<const File> file;
  std::string producer;
  std::vector<std::string> symbols;
  std::vector<Expr> exprs;
  std::vector<Constant> constants;
  std::vector<Graph> graphs;
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<State> states;
  std::vector<Reference> references;
  std::span<const uint8_t> data;  // the section that holds the constants
  // Of constants of strings, by where they are stored and how many they are.
  std::map<std::pair<const uint8_t*, uint64_t>, StringArray> strings;

  // The metadata under `key`; null where there is none.
  const std::string* metadata_of(std::string_view key) const {
    for (const auto& [name, value] : metadata)
      if (name == key) return &value;
    return nullptr;
  }
};

}  // namespace edgert
