// The only file that knows the FlatBuffer schema.
#include "core/loader.h"

#include <bit>
#include <cstring>

#include "core/checksum.h"
#include "core/types.h"
#include "edge_generated.h"

namespace edgert {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr char kMagic[8] = {'e', 'd', 'g', 'e', 'f', 'i', 'l', 'e'};
constexpr uint32_t kReaderVersion = 1;
constexpr uint64_t kHeaderBytes = 64;

struct Header {
  uint32_t format = 0, least_reader = 0, checksum = 0;
  std::span<const uint8_t> root, data;
};

uint64_t little_endian(const uint8_t* p, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

Status read_section(std::span<const uint8_t> file, uint64_t at, const char* what,
                    std::span<const uint8_t>& out) {
  uint64_t offset = little_endian(file.data() + at, 8), bytes = little_endian(file.data() + at + 8, 8);
  if (offset < kHeaderBytes || offset % 64 != 0 || offset > file.size() || bytes > file.size() - offset)
    return error(
        EDGERT_ERROR_FORMAT, "load: the %s is said to be %llu bytes at %llu, the file has %zu: truncated?",
        what, static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(offset), file.size());
  out = file.subspan(offset, bytes);
  return {};
}

Status read_header(std::span<const uint8_t> file, Header& header) {
  if (file.size() < kHeaderBytes || std::memcmp(file.data(), kMagic, sizeof kMagic) != 0)
    return error(EDGERT_ERROR_FORMAT, "load: not a .edge file (it does not begin with \"edgefile\")");
  header.format = static_cast<uint32_t>(little_endian(file.data() + 8, 4));
  header.least_reader = static_cast<uint32_t>(little_endian(file.data() + 12, 4));
  header.checksum = static_cast<uint32_t>(little_endian(file.data() + 48, 4));
  if (header.least_reader > kReaderVersion)
    return error(EDGERT_ERROR_UNSUPPORTED,
                 "load: the file (format version %u) needs reader version %u, this is %u: use a newer edgert",
                 header.format, header.least_reader, kReaderVersion);
  EDGERT_TRY(read_section(file, 16, "graph", header.root));
  return read_section(file, 32, "data section", header.data);
}

Status verify_checksum(std::span<const uint8_t> file, uint32_t expected) {
  static constexpr uint8_t kZero[4] = {};
  uint32_t crc = crc32(0, file.data(), 48);
  crc = crc32(crc, kZero, 4);
  crc = crc32(crc, file.data() + 52, file.size() - 52);
  if (crc == expected) return {};
  return error(EDGERT_ERROR_FORMAT, "load: checksum is %08x, expected %08x: the file is damaged", crc,
               expected);
}

// Copies out of the FlatBuffer. Vectors in a hostile file may overlap, so what is copied is budgeted.
class Reader {
 public:
  Reader(std::span<const uint8_t> data, uint64_t budget) : data_(data), budget_(budget) {}

  bool exhausted() const { return exhausted_; }
  Status read(const fb::Model& from, Model& to);

 private:
  bool take(uint64_t bytes) {
    if (bytes > budget_) exhausted_ = true;
    budget_ = exhausted_ ? 0 : budget_ - bytes;
    return !exhausted_;
  }

  std::string text(const flatbuffers::String* from) {
    return from && take(from->size() + 8) ? std::string(from->c_str(), from->size()) : std::string();
  }
  template <class T>
  std::vector<T> numbers(const flatbuffers::Vector<T>* from) {
    std::vector<T> to;
    if (!from || !take(from->size() * sizeof(T))) return to;
    to.resize(from->size());
    if (!to.empty()) std::memcpy(to.data(), from->Data(), to.size() * sizeof(T));
    return to;
  }
  // The FlatBuffer verifier does not see to the alignment of elements: they are copied as bytes.
  template <class From, class To, class Convert>
  void structs(const flatbuffers::Vector<const From*>* from, std::vector<To>& to, Convert convert) {
    if (!from || !take(from->size() * sizeof(From))) return;
    to.reserve(from->size());
    for (size_t i = 0; i < from->size(); i++) {
      From item;
      std::memcpy(&item, from->Data() + i * sizeof(From), sizeof(From));
      to.push_back(convert(item));
    }
  }
  template <class From, class To, class Convert>
  void each(const From* from, std::vector<To>& to, Convert convert) {
    if (!from || !take(from->size() * 16ull)) return;
    to.reserve(from->size());
    for (const auto* item : *from) {
      if (exhausted_) return;
      to.push_back(convert(*item));
    }
  }

  Attribute attribute(const fb::Attr& from);
  Constant constant(const fb::Constant& from);
  Value value(const fb::Value& from);
  Node node(const fb::Node& from);
  Segment segment(const fb::Segment& from);
  SourceName source_name(const fb::SourceName& from);
  Graph graph(const fb::Graph& from);
  void small_tables(const fb::Model& from, Model& to);

  std::span<const uint8_t> data_;
  uint64_t budget_;
  bool exhausted_ = false;
  Status problem_;
};

Attribute Reader::attribute(const fb::Attr& from) {
  Attribute to;
  to.name = text(from.name());
  to.ints = numbers(from.ints());
  to.exprs = numbers(from.exprs());
  to.floats = numbers(from.floats());
  if (from.strings() && take(from.strings()->size() * 8ull))
    for (const auto* s : *from.strings()) to.strings.push_back(text(s));
  to.program.operands = numbers(from.operands());
  structs(from.code(), to.program.code, [](const fb::Instruction& i) {
    return Instruction{i.imm(), i.a(), i.b(), i.c(), i.code(), i.dtype()};
  });
  if (!to.exprs.empty()) to.ints.assign(to.exprs.size(), 0);
  return to;
}

Constant Reader::constant(const fb::Constant& from) {
  Constant to;
  to.dtype = from.dtype();
  to.dims = numbers(from.dims());
  each(from.forms(), to.forms, [&](const fb::Form& f) {
    Form form{text(f.kind()), numbers(f.params()), nullptr, f.bytes()};
    if (f.offset() % 64 != 0 || f.offset() > data_.size() || f.bytes() > data_.size() - f.offset())
      problem_ = error(EDGERT_ERROR_FORMAT,
                       "load: a constant of %llu bytes at %llu is outside the data section's %zu",
                       static_cast<unsigned long long>(f.bytes()),
                       static_cast<unsigned long long>(f.offset()), data_.size());
    else form.data = data_.data() + f.offset();
    return form;
  });
  for (const Form& form : to.forms)
    to.views.push_back({form.kind.c_str(), form.params.data(), form.params.size(), form.data, form.bytes});
  return to;
}

Value Reader::value(const fb::Value& from) {
  Value to;
  to.name = text(from.name());
  to.dtype = from.dtype();
  to.dims = numbers(from.dims());
  to.constant = from.constant();
  to.form = from.form();
  to.capacity = from.capacity();
  to.type_text = text(from.type());
  if (from.base() >= 0)
    problem_ = error(EDGERT_ERROR_UNSUPPORTED,
                     "load: value '%s' lies inside another, which this version cannot read", to.name.c_str());
  return to;
}

Node Reader::node(const fb::Node& from) {
  Node to;
  to.info.op = text(from.op());
  to.info.name = text(from.name());
  each(from.attrs(), to.info.attributes, [&](const fb::Attr& a) { return attribute(a); });
  to.inputs = numbers(from.inputs());
  to.outputs = numbers(from.outputs());
  to.graphs = numbers(from.graphs());
  if (from.absorbed() && take(from.absorbed()->size() * 8ull))
    for (const auto* s : *from.absorbed()) to.absorbed.push_back(text(s));
  for (const auto& a : to.info.attributes) to.symbolic |= !a.exprs.empty();
  return to;
}

Segment Reader::segment(const fb::Segment& from) {
  Segment to;
  to.first_node = from.first_node();
  each(from.bindings(), to.bindings, [&](const fb::Binding& b) {
    if (b.source() > fb::Source::MAX)
      problem_ = error(EDGERT_ERROR_FORMAT, "load: unknown source of a symbol");
    return Binding{b.symbol(), static_cast<Source>(b.source()), b.value(), b.index()};
  });
  each(from.guards(), to.guards,
       [&](const fb::Guard& g) { return Guard{g.expr(), text(g.node()), text(g.message())}; });
  return to;
}

SourceName Reader::source_name(const fb::SourceName& from) {
  return {text(from.name()), from.value(), numbers(from.perm()), text(from.absorbed_by())};
}

Graph Reader::graph(const fb::Graph& from) {
  Graph to;
  to.name = text(from.name());
  each(from.values(), to.values, [&](const fb::Value& v) { return value(v); });
  to.inputs = numbers(from.inputs());
  to.outputs = numbers(from.outputs());
  each(from.nodes(), to.nodes, [&](const fb::Node& n) { return node(n); });
  each(from.segments(), to.segments, [&](const fb::Segment& s) { return segment(s); });
  each(from.names(), to.names, [&](const fb::SourceName& n) { return source_name(n); });
  return to;
}

void Reader::small_tables(const fb::Model& from, Model& to) {
  each(from.entries(), to.entries, [&](const fb::Entry& e) { return Entry{text(e.name()), e.graph()}; });
  each(from.metadata(), to.metadata,
       [&](const fb::KeyValue& k) { return std::pair(text(k.key()), text(k.value())); });
  each(from.states(), to.states,
       [](const fb::State& s) { return State{s.entry(), s.input(), s.output(), s.initial()}; });
  each(from.references(), to.references, [&](const fb::Reference& r) {
    return Reference{numbers(r.inputs()), numbers(r.outputs()), r.tolerance(), text(r.source())};
  });
}

Status Reader::read(const fb::Model& from, Model& to) {
  to.producer = text(from.producer());
  if (from.symbols() && take(from.symbols()->size() * 8ull))
    for (const auto* s : *from.symbols()) to.symbols.push_back(text(s));
  structs(from.exprs(), to.exprs, [](const fb::ExprNode& e) {
    return Expr{e.value(), e.a(), e.b(), e.c(), static_cast<ExprCode>(e.code())};
  });
  each(from.constants(), to.constants, [&](const fb::Constant& c) { return constant(c); });
  each(from.graphs(), to.graphs, [&](const fb::Graph& g) { return graph(g); });
  small_tables(from, to);
  if (exhausted_) return error(EDGERT_ERROR_FORMAT, "load: tables overlap; the file is damaged");
  return problem_;
}

}  // namespace

Status load_model(std::shared_ptr<const File> file, bool verify, std::shared_ptr<const Model>& out) {
  Header header;
  EDGERT_TRY(read_header(file->bytes(), header));
  if (verify) EDGERT_TRY(verify_checksum(file->bytes(), header.checksum));

  if (header.root.size() < 8 || header.root.size() >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return error(EDGERT_ERROR_FORMAT, "load: the graph's %zu bytes are no FlatBuffer", header.root.size());
  flatbuffers::Verifier::Options options;
  options.max_depth = 16;
  options.max_tables = 4'000'000;
  flatbuffers::Verifier verifier(header.root.data(), header.root.size(), options);
  if (!fb::VerifyModelBuffer(verifier)) return error(EDGERT_ERROR_FORMAT, "load: the graph is damaged");

  auto model = std::make_shared<Model>();
  model->data = header.data;
  Reader reader(header.data, 16 * header.root.size() + (1 << 20));
  EDGERT_TRY(reader.read(*fb::GetModel(header.root.data()), *model));
  model->file = std::move(file);
  EDGERT_TRY(check_model(*model));
  out = std::move(model);
  return {};
}

}  // namespace edgert
