#include "core/plan.h"

#include <algorithm>
#include <string>

#include "core/find_bands.h"
#include "core/operands.h"
#include "core/share_steps.h"
#include "core/types.h"

namespace edgert {
namespace {

class Builder {
 public:
  Builder(Context& context, int32_t graph, int32_t segment, SegmentPlan& plan)
      : context_(context),
        model_(context.model()),
        graph_(model_.graphs[static_cast<size_t>(graph)]),
        segment_(graph_.segments[static_cast<size_t>(segment)]),
        segment_index_(segment),
        homes_(context.placement[static_cast<size_t>(graph)].homes),
        places_(context.placement[static_cast<size_t>(graph)].nodes),
        evaluation_(model_, context.symbols),
        plan_(plan),
        offsets_(graph_.values.size(), -1) {
    for (auto& list : on_device_) list.assign(graph_.values.size(), -1);
  }

  Status build() {
    EDGERT_TRY(evaluation_.check(segment_.guards));
    EDGERT_TRY(touch_all());
    for (int32_t n = segment_.first_node; n < segment_.end_node; n++) {
      const Node& node = graph_.nodes[static_cast<size_t>(n)];
      Status status = node.is_alias() ? add_alias(node) : add_node(node, n);
      if (!status.ok()) return node_error(node, status);
    }
    plan_.memory.resize(plan_.operands.size());
    if (!context_.keep_values) EDGERT_TRY(join_bands());
    return place_arenas();
  }

 private:
  const Value& value(int32_t index) const { return graph_.values[static_cast<size_t>(index)]; }
  const int64_t* dims(int32_t index) const {
    return plan_.dims.data() + offsets_[static_cast<size_t>(index)];
  }
  std::span<const int64_t> shape(int32_t index) const { return {dims(index), value(index).dims.size()}; }

  // Evaluates the dims of every value of the segment; pointers into plan_.dims stay valid from here on.
  Status touch_all() {
    plan_.dims.reserve(static_cast<size_t>(graph_.dim_count));
    if (segment_index_ == 0)
      for (int32_t v : graph_.inputs) EDGERT_TRY(touch(v, false));
    for (int32_t n = segment_.first_node; n < segment_.end_node; n++) {
      const Node& node = graph_.nodes[static_cast<size_t>(n)];
      for (int32_t v : node.inputs)
        if (v >= 0)
          if (Status status = touch_operand(v); !status.ok()) return node_error(node, status);
      for (int32_t v : node.outputs)
        if (v >= 0)
          if (Status status = touch(v, true); !status.ok()) return node_error(node, status);
    }
    return {};
  }

  // A size that a node of this segment finds is known from the next segment on.
  Status touch_operand(int32_t index) {
    EDGERT_TRY(touch(index, false));
    if (std::ranges::all_of(shape(index), [](int64_t d) { return d >= 0; })) return {};
    return error(EDGERT_ERROR_FORMAT, "'%s' is read before its size is known", value(index).name.c_str());
  }

  Status touch(int32_t index, bool is_result) {
    int32_t& offset = offsets_[static_cast<size_t>(index)];
    const Value& v = value(index);
    if (offset >= 0) return {};
    offset = static_cast<int32_t>(plan_.dims.size());
    for (int32_t d : v.dims) {
      int64_t size = -1;
      const bool found_later = is_result && evaluation_.state(d) == Evaluation::State::kUnknown;
      if (!found_later) {
        EDGERT_TRY(evaluation_.get(d, "size of '" + v.name + "'", size));
        if (size < 0)
          return error(EDGERT_ERROR_GUARD, "size of '%s' is %lld (%s)", v.name.c_str(),
                       static_cast<long long>(size), expr_text(model_, d).c_str());
      }
      plan_.dims.push_back(size);
    }
    if (is_result || (v.input >= 0 && segment_index_ == 0)) plan_.defined.emplace_back(index, offset);
    else if (v.constant < 0) plan_.used.emplace_back(index, offset);
    return {};
  }

  // Bytes to reserve for a value; false in `known` where only its producer will know.
  Status bytes_of(int32_t index, uint64_t& bytes, bool& known) {
    const Value& v = value(index);
    int64_t elements = 0, total = 0;
    const bool open = std::ranges::any_of(shape(index), [](int64_t d) { return d < 0; });
    known = !open || v.capacity >= 0;
    if (!known) return {};
    if (open) EDGERT_TRY(evaluation_.get(v.capacity, "capacity of '" + v.name + "'", elements));
    else if (!product(shape(index), elements)) elements = -1;
    if (elements < 0 || !multiply(elements, static_cast<int64_t>(item_size(v.dtype)), total))
      return error(EDGERT_ERROR_MEMORY, "size of '%s' %s is too large", v.name.c_str(),
                   shape_text(shape(index)).c_str());
    bytes = static_cast<uint64_t>(total);
    if (bytes > context_.memory_limit)
      return error(EDGERT_ERROR_MEMORY, "'%s' %s takes %llu bytes, the memory limit is %llu", v.name.c_str(),
                   shape_text(shape(index)).c_str(), static_cast<unsigned long long>(bytes),
                   static_cast<unsigned long long>(context_.memory_limit));
    return {};
  }

  int32_t now() const { return static_cast<int32_t>(plan_.steps.size()); }
  Storage& storage(int32_t index) { return plan_.storages[static_cast<size_t>(index)]; }

  int32_t add_storage(Storage::Kind kind, int device, int32_t root, uint64_t bytes) {
    Storage s;
    s.kind = kind;
    s.device = static_cast<uint8_t>(device);
    s.value = root;
    s.bytes = bytes;
    s.life = {now(), now(), bytes};
    plan_.storages.push_back(s);
    return static_cast<int32_t>(plan_.storages.size()) - 1;
  }

  // The storage of a result that the next step defines.
  Status define(int32_t index, const Node& node, int device, int32_t& out) {
    const Value& v = value(index);
    uint64_t bytes = 0;
    bool known = true;
    EDGERT_TRY(bytes_of(index, bytes, known));
    if (!known && !node.is_control() && device != kHost)
      return error(EDGERT_ERROR_FORMAT, "size of '%s' has no bound", v.name.c_str());
    auto kind = v.escapes || context_.keep_values ? Storage::Kind::kBlock : Storage::Kind::kArena;
    if (!known) kind = Storage::Kind::kUnknown;
    out = add_storage(kind, device, index, bytes);
    storage(out).defined_here = true;
    on_device_[device][static_cast<size_t>(index)] = out;
    return {};
  }

  // The storage in which `device` reads a value made earlier; copies it there where it is elsewhere.
  Status use(int32_t index, int device, int32_t& out) {
    const int32_t root = value(index).root;
    const Value& v = value(root);
    int32_t& known = on_device_[device][static_cast<size_t>(root)];
    if (known < 0) {
      const int home = homes_[static_cast<size_t>(root)];
      if (v.constant >= 0) {
        known = add_storage(Storage::Kind::kFixed, device, root, 0);
        EDGERT_TRY(context_.constant(device, v, storage(known).memory));
      } else if (home == device) {
        known = add_storage(v.input >= 0 ? Storage::Kind::kInput : Storage::Kind::kBlock, device, root, 0);
      } else {
        EDGERT_TRY(transfer(root, home, device));
      }
    }
    out = on_device_[device][static_cast<size_t>(root)];
    storage(out).life.last = now();
    return {};
  }

  Status transfer(int32_t root, int home, int device) {
    int32_t from;
    EDGERT_TRY(use(root, home, from));
    EDGERT_TRY(touch(root, false));
    uint64_t bytes = 0;
    bool known = true;
    EDGERT_TRY(bytes_of(root, bytes, known));
    const int32_t to = add_storage(Storage::Kind::kArena, device, root, bytes);
    storage(to).defined_here = true;
    on_device_[device][static_cast<size_t>(root)] = to;
    Step step;
    step.kind = Step::Kind::kTransfer;
    step.device = static_cast<uint8_t>(device);
    step.first = static_cast<int32_t>(plan_.operands.size());
    step.input_count = step.output_count = 1;
    plan_.operands.insert(plan_.operands.end(), {from, to, -1});
    plan_.steps.push_back(std::move(step));
    return {};
  }

  Status add_alias(const Node& node) {
    int64_t before, after;
    const auto from = shape(node.inputs[0]), to = shape(node.outputs[0]);
    if (!product(from, before) || !product(to, after) || before != after)
      return error(EDGERT_ERROR_GUARD, "%s does not hold as many elements as %s", shape_text(to).c_str(),
                   shape_text(from).c_str());
    return {};
  }

  Status add_node(const Node& node, int32_t index) {
    const int device = places_[static_cast<size_t>(index)].device;
    std::vector<int32_t> used(node.inputs.size(), -1);
    const size_t transfers = plan_.steps.size();
    for (size_t i = 0; i < node.inputs.size(); i++)
      if (node.inputs[i] >= 0) EDGERT_TRY(use(node.inputs[i], device, used[i]));
    for (Step& step : std::span(plan_.steps).subspan(transfers)) step.node = index;
    // A transfer for a later operand comes after the earlier operands' last use so far.
    for (int32_t s : used)
      if (s >= 0) storage(s).life.last = now();

    Step step;
    step.kind = node.is_control() ? Step::Kind::kControl : Step::Kind::kKernel;
    step.device = static_cast<uint8_t>(device);
    step.node = index;
    step.first = static_cast<int32_t>(plan_.operands.size());
    step.input_count = static_cast<int32_t>(node.inputs.size());
    step.output_count = static_cast<int32_t>(node.outputs.size());
    plan_.operands.insert(plan_.operands.end(), used.begin(), used.end());
    for (int32_t v : node.outputs) {
      plan_.operands.push_back(-1);
      if (v >= 0) EDGERT_TRY(define(v, node, device, plan_.operands.back()));
    }
    plan_.operands.push_back(-1);  // scratch
    const edgert_node* info;
    EDGERT_TRY(attributes(node, info));
    if (step.kind == Step::Kind::kKernel) {
      EDGERT_TRY(add_counts(node, step));
      EDGERT_TRY(plan_kernel(node, *info, step));
      if (const uint64_t bytes = step.planned->scratch_bytes)
        plan_.operands.back() = add_scratch(device, bytes);
    }
    plan_.steps.push_back(std::move(step));
    return {};
  }

  // The node with its symbolic attributes evaluated.
  Status attributes(const Node& node, const edgert_node*& info) {
    info = &node.info;
    if (!node.symbolic) return {};
    auto copy = std::make_unique<edgert_node>(node.info);
    for (Attribute& a : copy->attributes)
      for (size_t i = 0; i < a.exprs.size(); i++)
        EDGERT_TRY(evaluation_.get(a.exprs[i], "attribute " + a.name, a.ints[i]));
    info = copy.get();
    plan_.nodes.push_back(std::move(copy));
    return {};
  }

  Status add_counts(const Node& node, Step& step) {
    step.first_count = static_cast<int32_t>(plan_.counts.size());
    for (int32_t v : node.outputs) {
      if (v < 0) continue;
      for (size_t axis = 0; axis < value(v).dims.size(); axis++) {
        if (shape(v)[axis] >= 0) continue;
        const Expr& e = model_.exprs[static_cast<size_t>(value(v).dims[axis])];
        if (e.code != ExprCode::kSymbol)
          return error(EDGERT_ERROR_FORMAT, "size of axis %zu of '%s' is not known", axis,
                       value(v).name.c_str());
        plan_.counts.push_back({v, static_cast<int32_t>(axis), e.a});
      }
    }
    step.count_count = static_cast<int32_t>(plan_.counts.size()) - step.first_count;
    return {};
  }

  // What a kernel that finds its result's size may write.
  uint64_t result_bytes(const Step& step, size_t operand) const {
    const int32_t index = plan_.operands[static_cast<size_t>(step.first) + operand];
    return plan_.storages[static_cast<size_t>(index)].bytes;
  }

  Status plan_kernel(const Node& node, const edgert_node& info, Step& step, bool alone = false) {
    std::vector<edgert_operand> operands(node.inputs.size() + node.outputs.size());
    for (size_t i = 0; i < operands.size(); i++) {
      const int32_t v = i < node.inputs.size() ? node.inputs[i] : node.outputs[i - node.inputs.size()];
      if (v < 0) continue;
      operands[i] = make_operand(model_, value(v), dims(v));
      if (i >= node.inputs.size()) operands[i].data_bytes = result_bytes(step, i);
    }
    const auto all = std::span<const edgert_operand>(operands);
    Backend& backend = context_.backend(step.device);
    const char* way = context_.tuning ? context_.tuning->way(info.name) : nullptr;
    return backend.plan(info, all.first(node.inputs.size()), all.subspan(node.inputs.size()), {alone, way},
                        step.planned);
  }

  int32_t add_scratch(int device, uint64_t bytes) {
    const int32_t scratch = add_storage(Storage::Kind::kArena, device, -1, bytes);
    storage(scratch).defined_here = storage(scratch).is_scratch = true;
    return scratch;
  }

  // ---- bands ----

  // Chooses the bands: the quickest, or with a budget that these exceed, the least that is found.
  Status join_bands() {
    const OperandShape shape_of = [&](const Step& step, int32_t operand) {
      const Node& node = graph_.nodes[static_cast<size_t>(step.node)];
      const auto i = static_cast<size_t>(operand);
      return shape(i < node.inputs.size() ? node.inputs[i] : node.outputs[i - node.inputs.size()]);
    };
    const uint64_t cache = context_.cache(), budget = context_.memory_budget;
    int32_t threads = context_.threads;
    plan_.bands = find_bands(plan_, shape_of, {cache / 2, cache / 4, false, threads});
    Sharing sharing;
    if (threads > 1) sharing = find_sharing(plan_, threads);
    if (!sharing.pays) {
      threads = 1;
      plan_.bands = find_bands(plan_, shape_of, {cache / 2, cache / 4, false, threads});
      for (int32_t i = 0; i < now(); i++) sharing.for_one.push_back(i);
    }
    if (budget) {
      uint64_t least = arena_with(plan_.bands);
      for (uint64_t room = budget; least > budget && room > budget / 64; room /= 4) {
        std::vector<Band> bands = find_bands(plan_, shape_of, {room, 0, true, threads});
        const uint64_t bytes = arena_with(bands);
        if (bytes >= least) continue;
        least = bytes;
        plan_.bands = std::move(bands);
      }
    }
    if (threads > 1)
      for (const Band& band : plan_.bands)
        for (int32_t i = band.first; i < band.end; i++) sharing.for_one.push_back(i);
    for (int32_t i : sharing.for_one) EDGERT_TRY(plan_alone(plan_.steps[static_cast<size_t>(i)]));
    for (Band& band : plan_.bands) join(band);
    return {};
  }

  // What the host's arena would take.
  uint64_t arena_with(std::vector<Band>& bands) {
    std::vector<Storage> storages = plan_.storages;
    for (Band& band : bands) book(band, storages);
    std::vector<size_t> which;
    Places places;
    return place(lives_of(storages, kHost, which), places) ? places.bytes : UINT64_MAX;
  }

  void join(Band& band) {
    book(band, plan_.storages);
    const Step &first = plan_.steps[static_cast<size_t>(band.first)],
               &last = plan_.steps[static_cast<size_t>(band.end - 1)];
    const int32_t operands = last.first + last.input_count + last.output_count + 1 - first.first;
    band.memory.resize(static_cast<size_t>(operands * band.pieces));
    band.nanoseconds.resize(band.steps.size() * static_cast<size_t>(band.pieces));
  }

  // Gives the band's results their buffers, one for each piece, and keeps what it reads until it ends.
  void book(Band& band, std::vector<Storage>& storages) const {
    const auto pieces = static_cast<uint64_t>(band.pieces);
    const auto at = [&](int32_t place) -> Storage* {
      const int32_t index = plan_.operands[static_cast<size_t>(place)];
      return index < 0 ? nullptr : &storages[static_cast<size_t>(index)];
    };
    for (int32_t i = band.first; i < band.end; i++) {
      const Step& step = plan_.steps[static_cast<size_t>(i)];
      BandStep& part = band.steps[static_cast<size_t>(i - band.first)];
      const int32_t scratch = part.result_place + 1;
      for (int32_t place = step.first; place <= scratch; place++) {
        Storage* used = at(place);
        if (!used) continue;
        if (place >= part.result_place) used->life.first = band.first;
        used->life.last = std::max(used->life.last, band.end - 1);
      }
      part.scratch_stride = aligned(step.planned->scratch_bytes);
      if (Storage* s = at(scratch)) resize(*s, part.scratch_stride * pieces);
      if (i + 1 == band.end) continue;
      part.buffer_stride = aligned(static_cast<uint64_t>(part.capacity) * part.line_bytes);
      resize(*at(part.result_place), part.buffer_stride * pieces);
    }
  }

  static void resize(Storage& storage, uint64_t bytes) { storage.bytes = storage.life.bytes = bytes; }

  // Plans a step anew for one thread; it has no symbols to evaluate that were not evaluated before.
  Status plan_alone(Step& step) {
    if (step.kind != Step::Kind::kKernel || step.device != kHost) return {};
    const Node& node = graph_.nodes[static_cast<size_t>(step.node)];
    const edgert_node* info;
    EDGERT_TRY(attributes(node, info));
    EDGERT_TRY(plan_kernel(node, *info, step, true));
    const auto place = static_cast<size_t>(step.first + step.input_count + step.output_count);
    int32_t& scratch = plan_.operands[place];
    const uint64_t bytes = step.planned->scratch_bytes;
    if (bytes == 0) {
      scratch = -1;
      return {};
    }
    if (scratch < 0) scratch = add_scratch(kHost, bytes);
    const auto index = static_cast<int32_t>(&step - plan_.steps.data());
    storage(scratch).life = {index, index, bytes};
    storage(scratch).bytes = bytes;
    return {};
  }

  static std::vector<Lifetime> lives_of(const std::vector<Storage>& storages, int device,
                                        std::vector<size_t>& which) {
    std::vector<Lifetime> lives;
    for (size_t i = 0; i < storages.size(); i++) {
      const Storage& s = storages[i];
      if (s.kind != Storage::Kind::kArena || s.device != device) continue;
      lives.push_back(s.life);
      which.push_back(i);
    }
    return lives;
  }

  Status place_arenas() {
    for (int device = 0; device < kMaxDevices; device++) {
      std::vector<size_t> which;
      Places places;
      if (!place(lives_of(plan_.storages, device, which), places))
        return error(EDGERT_ERROR_MEMORY, "run: the sizes of all values together are too large");
      for (size_t i = 0; i < which.size(); i++) plan_.storages[which[i]].offset = places.offsets[i];
      plan_.arena_bytes[static_cast<size_t>(device)] = places.bytes;
      plan_.arena_bounds[static_cast<size_t>(device)] = places.bound;
    }
    return {};
  }

  Context& context_;
  const Model& model_;
  const Graph& graph_;
  const Segment& segment_;
  int32_t segment_index_;
  const std::vector<uint8_t>& homes_;
  const std::vector<NodePlace>& places_;
  Evaluation evaluation_;
  SegmentPlan& plan_;
  std::vector<int32_t> offsets_;                 // of every value's dims; -1: not touched
  std::vector<int32_t> on_device_[kMaxDevices];  // the storage of every root; -1: none yet
};

}  // namespace

Status node_error(const Node& node, const Status& status) {
  const std::string who = node.info.op + " '" + node.info.name + "'";
  const bool stopped = status.code() == EDGERT_ERROR_CANCELLED || status.code() == EDGERT_ERROR_LIMIT;
  if (status.ok() || stopped || status.text().starts_with(who)) return status;
  return {status.code(), who + ": " + status.text()};
}

Status build_plan(Context& context, int32_t graph, int32_t segment, std::unique_ptr<SegmentPlan>& out) {
  auto plan = std::make_unique<SegmentPlan>();
  EDGERT_TRY(Builder(context, graph, segment, *plan).build());
  const Graph& of = context.model().graphs[static_cast<size_t>(graph)];
  for (int32_t symbol : of.segments[static_cast<size_t>(segment)].key)
    plan->key.push_back(context.symbols.value(symbol));
  out = std::move(plan);
  return {};
}

}  // namespace edgert
