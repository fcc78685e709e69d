// sequence_*, box, unbox, has_element: what their operands and results are. Containers are scalars whose one
// element is a handle (core/object.h).
#pragma once

#include "ops/common.h"

namespace edgert {

// The type and sizes of a tensor or container that goes into a container.
struct ItemParams {
  int32_t dtype = 0;
  int32_t rank = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};

  std::span<const int64_t> shape() const { return {dims, static_cast<size_t>(rank)}; }
};
// A result that comes out of a container: sizes that only the run finds are -1. `room` is the bytes of its
// planned storage, if it has any.
struct TakenParams {
  ItemParams item;
  uint64_t room = 0;
};

// sequence_construct(dtype): `items` has room for one entry per operand.
Status parse_sequence_construct(const NodeArgs& args, std::span<ItemParams> items);
// sequence_at(dtype, shape)
Status parse_sequence_at(const NodeArgs& args, TakenParams& taken);
// sequence_insert()
struct InsertParams {
  ItemParams item;
  bool has_position = false;
};
Status parse_sequence_insert(const NodeArgs& args, InsertParams& insert);
// sequence_erase()
Status parse_sequence_erase(const NodeArgs& args, bool& has_position);
// sequence_length()
Status parse_sequence_length(const NodeArgs& args);

// sequence_concat(axis, new_axis, dtype, shape): items of the rank of `item`, whose known sizes they have.
struct SequenceConcatParams {
  TakenParams result;
  ItemParams item;
  int64_t axis = 0;
  bool stacks = false;  // on a new axis
};
Status parse_sequence_concat(const NodeArgs& args, SequenceConcatParams& concat);

// sequence_split(axis, keepdims): x seen as [outer, n, inner].
struct SequenceSplitParams {
  ItemParams x;
  int64_t axis = 0, outer = 1, n = 1, inner = 1;
  int64_t sizes = -1;  // entries of a vector of sizes; -1: none, or one size for all
  bool has_size = false;
  bool keeps_axis = true;
};
Status parse_sequence_split(const NodeArgs& args, SequenceSplitParams& split);

// box(content)
struct BoxParams {
  ItemParams item;
  bool is_present = false;
};
Status parse_box(const NodeArgs& args, BoxParams& box);
// unbox(dtype, shape)
Status parse_unbox(const NodeArgs& args, TakenParams& taken);
// has_element()
Status parse_has_element(const NodeArgs& args);

// Operand `index` is a container of that type, or is missing.
Status expect_container(const NodeArgs& args, size_t index, int32_t dtype);
// Result 0 is a container of that type, or is missing.
Status expect_container_result(const NodeArgs& args, int32_t dtype);
// Result 0, of any type, with all its sizes or some of them to be found.
Status parse_taken(const NodeArgs& args, TakenParams& taken);

}  // namespace edgert
