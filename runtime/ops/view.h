// transpose, slice, expand, pad, concat, iota, extents: what their nodes say, checked.
#pragma once

#include "ops/common.h"

namespace edgert {

// A dense result read from an operand through strides: out[i] = x[offset + sum i[a] * strides[a]], in
// elements of `item` bytes. Every element it reads lies within the operand.
struct StridedView {
  int32_t rank;
  int32_t item;
  int64_t offset;
  int64_t dims[EDGERT_MAX_RANK];
  int64_t strides[EDGERT_MAX_RANK];
};

// transpose(perm): axis i of the result is axis perm[i] of x.
Status parse_transpose(const NodeArgs& args, StridedView& view);
// slice(starts, steps, shape): out[i] = x[start + i * step].
Status parse_slice(const NodeArgs& args, StridedView& view);
// expand(shape): x broadcast to the result's shape.
Status parse_expand(const NodeArgs& args, StridedView& view);

// bitcast: the same bytes as another type of the same size; the view is of rank 1.
Status parse_bitcast(const NodeArgs& args, StridedView& view);

enum class PadKind { kConstant, kEdge, kReflect, kWrap };

// pad(kind, pads): out[i] = x[i - before], outside x by `kind`. Operand 1 is the fill, a scalar; without it
// 0.
struct PadParams {
  PadKind kind;
  int32_t rank;
  int32_t item;
  bool has_fill;
  int64_t in[EDGERT_MAX_RANK];
  int64_t out[EDGERT_MAX_RANK];
  int64_t before[EDGERT_MAX_RANK];
};
Status parse_pad(const NodeArgs& args, PadParams& pad);
// The index on an axis of `in` elements that element i of the padded axis shows; -1 for the fill.
int64_t pad_source(PadKind kind, int64_t i, int64_t before, int64_t in);

// concat(axis): the result is `outer` rows; each is a run of axis[k] * inner bytes of every operand k.
struct ConcatParams {
  int64_t axis;
  int64_t outer;
  int64_t inner;  // bytes of one step along the axis
};
Status parse_concat(const NodeArgs& args, ConcatParams& concat);

// iota(count): 0, 1, ... count - 1 of a number type.
struct IotaParams {
  int64_t count;
  int32_t dtype;
};
Status parse_iota(const NodeArgs& args, IotaParams& iota);

// extents(values, shape): the i64 tensor that holds `values`, which live as long as the node.
Status parse_extents(const NodeArgs& args, std::span<const int64_t>& values);

}  // namespace edgert
