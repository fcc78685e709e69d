// sequence_concat and sequence_split.
#include <algorithm>

#include "backends/cpu/kernels/items.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

// ---- concat ----

Status plan_concat(const NodeArgs& args, edgert_plan& plan) {
  auto* concat = new_state<SequenceConcatParams>(&plan);
  return concat ? parse_sequence_concat(args, *concat) : no_memory();
}

// The result's sizes; all items have those of the first but along the axis.
Status joined_sizes(const SequenceConcatParams& concat, const Object& from, int64_t* dims) {
  const Object& first = *from.items[0];
  const auto axis = static_cast<size_t>(concat.axis);
  int64_t length = 0;
  for (int64_t i = 0; i < from.count; i++) {
    EDGERT_TRY(check_sizes(from.items[i], concat.item, "an item"));
    const Object& item = *from.items[i];
    for (size_t k = 0; k < static_cast<size_t>(concat.item.rank); k++)
      if (item.dims[k] != first.dims[k] && (concat.stacks || k != axis))
        return error(EDGERT_ERROR_GUARD, "item %lld is %s, item 0 is %s", static_cast<long long>(i),
                     object_text(&item).c_str(), object_text(&first).c_str());
    if (!add(length, concat.stacks ? 1 : item.dims[axis], length)) return no_heap();
  }
  const int64_t* rest = first.dims + (concat.stacks ? axis : axis + 1);
  std::copy_n(first.dims, axis, dims);
  dims[axis] = length;
  std::copy(rest, first.dims + concat.item.rank, dims + axis + 1);
  return {};
}

Status run_concat(const SequenceConcatParams& concat, const edgert_call& call) {
  const Object& from = *content(handle(call.inputs[0]), EDGERT_SEQUENCE);
  if (from.count == 0) return error(EDGERT_ERROR_GUARD, "the sequence is empty, expected at least one item");
  int64_t dims[EDGERT_MAX_RANK + 1];
  EDGERT_TRY(check_sizes(from.items[0], concat.item, "item 0"));
  EDGERT_TRY(joined_sizes(concat, from, dims));
  const std::span<const int64_t> shape(dims, static_cast<size_t>(concat.result.item.rank));
  uint8_t* out;
  EDGERT_TRY(room(call, concat.result, shape, out));
  if (size_of(shape) == 0) return {};
  const auto axis = static_cast<size_t>(concat.axis);
  const int64_t outer = size_of(shape.first(axis));
  const uint64_t inner =
      static_cast<uint64_t>(size_of(shape.subspan(axis + 1))) * item_size(concat.item.dtype);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < from.count; i++) {
      const Object& item = *from.items[i];
      const uint64_t bytes = inner * (concat.stacks ? 1 : static_cast<uint64_t>(item.dims[axis]));
      if (bytes == 0) continue;
      std::memcpy(out, static_cast<const uint8_t*>(item.data) + static_cast<uint64_t>(o) * bytes, bytes);
      out += bytes;
    }
  return {};
}

// ---- split ----

Status plan_split(const NodeArgs& args, edgert_plan& plan) {
  auto* split = new_state<SequenceSplitParams>(&plan);
  return split ? parse_sequence_split(args, *split) : no_memory();
}

// How many parts there are; their sizes are `sizes`, or `size` each and what is left in the last.
Status count_parts(const SequenceSplitParams& split, const int64_t* sizes, int64_t& size, int64_t& count) {
  if (split.sizes < 0) {
    size = split.has_size ? *sizes : 1;
    if (size < 1)
      return error(EDGERT_ERROR_GUARD, "split is %lld, expected 1 or more", static_cast<long long>(size));
    count = split.n / size + (split.n % size != 0);
    return {};
  }
  count = split.sizes;
  int64_t left = split.n;
  for (int64_t i = 0; i < count; i++) {
    if (sizes[i] < 0 || sizes[i] > left)
      return error(EDGERT_ERROR_GUARD, "size %lld of part %lld, of %lld that are left",
                   static_cast<long long>(sizes[i]), static_cast<long long>(i), static_cast<long long>(left));
    left -= sizes[i];
  }
  if (left == 0) return {};
  return error(EDGERT_ERROR_GUARD, "sizes add up to %lld, expected %lld",
               static_cast<long long>(split.n - left), static_cast<long long>(split.n));
}

// Slices start to start + size of x.
Status copy_part(const SequenceSplitParams& split, const edgert_call& call, int64_t start, int64_t size,
                 const Object*& out) {
  int64_t dims[EDGERT_MAX_RANK];
  const auto axis = static_cast<size_t>(split.axis), rank = static_cast<size_t>(split.x.rank);
  std::copy_n(split.x.dims, rank, dims);
  dims[axis] = size;
  if (!split.keeps_axis) std::copy(dims + axis + 1, dims + rank, dims + axis);
  const uint64_t slice = static_cast<uint64_t>(split.inner) * item_size(split.x.dtype);
  const uint64_t bytes = static_cast<uint64_t>(size) * slice;
  uint8_t* data;
  EDGERT_TRY(new_items(call, split.outer * static_cast<int64_t>(bytes), data));
  const auto* x = static_cast<const uint8_t*>(call.inputs[0]) + static_cast<uint64_t>(start) * slice;
  if (bytes)
    for (int64_t o = 0; o < split.outer; o++)
      std::memcpy(data + static_cast<uint64_t>(o) * bytes,
                  x + static_cast<uint64_t>(o) * static_cast<uint64_t>(split.n) * slice, bytes);
  return new_tensor(call, split.x.dtype, {dims, rank - !split.keeps_axis}, data, out);
}

Status run_split(const SequenceSplitParams& split, const edgert_call& call) {
  const auto* sizes = split.has_size ? static_cast<const int64_t*>(call.inputs[1]) : nullptr;
  int64_t size = 0, count = 0, start = 0;
  EDGERT_TRY(count_parts(split, sizes, size, count));
  const Object** items;
  EDGERT_TRY(new_items(call, count, items));
  for (int64_t i = 0; i < count; i++) {
    const int64_t wanted = split.sizes < 0 ? std::min(size, split.n - start) : sizes[i];
    EDGERT_TRY(copy_part(split, call, start, wanted, items[i]));
    start += wanted;
  }
  const Object* made;
  EDGERT_TRY(new_sequence(call, {items, static_cast<size_t>(count)}, made));
  set_handle(call.outputs[0], made);
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel sequence_concat_kernel =
    make_kernel<SequenceConcatParams, plan_concat, run_concat>("sequence_concat");
extern const edgert_kernel sequence_split_kernel =
    make_kernel<SequenceSplitParams, plan_split, run_split>("sequence_split");

}  // namespace edgert
