// unique: slices sorted by content, equal ones next to each other in order of position.
#include <algorithm>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "ops/select.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_unique(const NodeArgs& args, edgert_plan& plan) {
  UniqueParams* state = new_state<UniqueParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_unique(args, *state));
  if (!is_comparable(state->dtype)) return unsupported("elements of type %s", dtype_name(state->dtype));
  if (state->inner == 0) state->outer = 0;  // slices have no elements
  int64_t bytes;
  if (!multiply(state->n, 4 * 8, bytes)) return invalid("the axis is too long");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

// -1, 0 or 1: slice a against slice b, element by element, NaN above all numbers and equal to itself.
template <class S>
int compare(const UniqueParams& p, const typename S::Stored* x, int64_t a, int64_t b) {
  for (int64_t outer = 0; outer < p.outer; outer++, x += p.n * p.inner)
    for (int64_t i = 0; i < p.inner; i++) {
      const auto left = S::load(x[a * p.inner + i]), right = S::load(x[b * p.inner + i]);
      const bool left_nan = left != left, right_nan = right != right;
      if (left_nan != right_nan) return left_nan ? 1 : -1;
      if (left < right) return -1;
      if (left > right) return 1;
    }
  return 0;
}

// Positions in scratch, each array of n.
struct Groups {
  int64_t* order;    // slices sorted
  int64_t* group;    // of each slice
  int64_t* first;    // the first slice of each group
  int64_t* renamed;  // groups numbered by first appearance
  int64_t count;
};

template <class S>
Groups find_groups(const UniqueParams& p, const typename S::Stored* x, int64_t* scratch) {
  Groups g = {scratch, scratch + p.n, scratch + 2 * p.n, scratch + 3 * p.n, 0};
  for (int64_t i = 0; i < p.n; i++) g.order[i] = i;
  std::sort(g.order, g.order + p.n, [&](int64_t a, int64_t b) {
    const int order = compare<S>(p, x, a, b);
    return order ? order < 0 : a < b;
  });
  for (int64_t i = 0; i < p.n; i++) {
    if (i == 0 || compare<S>(p, x, g.order[i - 1], g.order[i]) != 0) g.first[g.count++] = g.order[i];
    g.group[g.order[i]] = g.count - 1;
  }
  if (p.sorted) return g;
  std::fill_n(g.renamed, g.count, -1);
  int64_t next = 0;
  for (int64_t i = 0; i < p.n; i++) {
    int64_t& name = g.renamed[g.group[i]];
    if (name < 0) {
      name = next;
      g.order[next++] = i;  // order is free by now
    }
    g.group[i] = name;
  }
  std::copy_n(g.order, g.count, g.first);
  return g;
}

template <class S>
void write_results(const UniqueParams& p, const Groups& g, const edgert_call& call) {
  const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
  if (p.has[0]) {
    auto* values = static_cast<typename S::Stored*>(call.outputs[0]);
    for (int64_t outer = 0; outer < p.outer; outer++)
      for (int64_t k = 0; k < g.count; k++, values += p.inner)
        std::copy_n(x + (outer * p.n + g.first[k]) * p.inner, p.inner, values);
  }
  if (p.has[1]) std::copy_n(g.first, g.count, static_cast<int64_t*>(call.outputs[1]));
  if (p.has[2]) std::copy_n(g.group, p.n, static_cast<int64_t*>(call.outputs[2]));
  if (!p.has[3]) return;
  int64_t* counts = static_cast<int64_t*>(call.outputs[3]);
  std::fill_n(counts, g.count, 0);
  for (int64_t i = 0; i < p.n; i++) counts[g.group[i]]++;
}

Status run_unique(const UniqueParams& p, const edgert_call& call) {
  with_comparable(p.dtype, [&](auto storage) {
    using S = decltype(storage);
    const auto* x = static_cast<const typename S::Stored*>(call.inputs[0]);
    const Groups groups = find_groups<S>(p, x, static_cast<int64_t*>(call.scratch));
    write_results<S>(p, groups, call);
    std::fill_n(call.counts, p.counts_written, groups.count);
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel unique_kernel =
    cpu::make_kernel<UniqueParams, cpu::plan_unique, cpu::run_unique>("unique");

}  // namespace edgert
