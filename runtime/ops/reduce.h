// reduce, and what every operator over a set of axes shares: the axes merged into as few as possible.
#pragma once

#include "ops/pointwise.h"

namespace edgert {

// A dense tensor's axes, sorted into kept and reduced ones. Axes of size 1 are gone, neighbours of one sort
// are merged. Strides are in elements. `points` results of `count` elements each; a row of `width`
// elements is contiguous: with `inner` it belongs to one result, else to `width` neighbouring results.
struct AxisSplit {
  bool inner = true;
  int64_t points = 1;  // results (inner), rows of `width` results (not inner)
  int64_t width = 1;
  int64_t rows = 1, row_stride = 0;  // the innermost reduced axis besides `width`
  int64_t count = 1;
  int32_t kept_rank = 0, outer_rank = 0;
  int64_t kept_size[EDGERT_MAX_RANK] = {}, kept_stride[EDGERT_MAX_RANK] = {};
  int64_t outer_size[EDGERT_MAX_RANK] = {}, outer_stride[EDGERT_MAX_RANK] = {};  // the other reduced axes

  int64_t results() const { return inner ? points : points * width; }
  // Where point `p`'s first element lies.
  int64_t point_offset(int64_t p) const {
    int64_t offset = 0;
    for (int32_t i = kept_rank - 1; i >= 0; p /= kept_size[i--]) offset += p % kept_size[i] * kept_stride[i];
    return offset;
  }
  int64_t outer_count() const {
    int64_t n = 1;
    for (int32_t i = 0; i < outer_rank; i++) n *= outer_size[i];
    return n;
  }
  int64_t outer_offset(int64_t o) const {
    int64_t offset = 0;
    for (int32_t i = outer_rank - 1; i >= 0; o /= outer_size[i--])
      offset += o % outer_size[i] * outer_stride[i];
    return offset;
  }
};

// `axes` (bit i: axis i is reduced) of a tensor of `dims`, none of them 0.
AxisSplit split_axes(std::span<const int64_t> dims, uint32_t axes);

// The set of an Ints attribute of axes, each once, of a tensor of `rank`.
Status read_axes(const NodeArgs& args, std::string_view name, int32_t rank, uint32_t& axes);

enum class ReduceKind : int32_t { kSum, kProd, kMax, kMin, kMean };

// reduce(kind, axes, keepdims, prologue, epilogue). Elements are `dtype` where they are folded: x's type, or
// where there are programs its compute type or what the prologue gives.
struct ReduceParams {
  ReduceKind kind = ReduceKind::kSum;
  int32_t dtype = 0;
  int64_t elements = 0;  // of x
  int64_t results = 0;   // elements of the result
  int64_t count = 0;     // elements of x that each result is made of
  AxisSplit split;       // where all of these are above 0
  bool has_prologue = false, has_epilogue = false;
  size_t prologue_operands = 0;  // x and those after it; the epilogue's follow
  Pointwise prologue;            // over x's shape, gives `dtype`
  Pointwise epilogue;            // over the result, operand 0 is the folded element
};
Status parse_reduce(const NodeArgs& args, ReduceParams& reduce);

// arg_reduce(kind, axis, keepdims, select_last) and cumulative(kind, axis, exclusive, reverse): x seen as
// [outer, n, inner].
struct AxisParams {
  int64_t outer = 1, n = 1, inner = 1;
  int32_t dtype = 0;
  bool min = false, last = false;                         // arg_reduce
  bool prod = false, exclusive = false, reverse = false;  // cumulative
};
Status parse_arg_reduce(const NodeArgs& args, AxisParams& params);
Status parse_cumulative(const NodeArgs& args, AxisParams& params);

// `operand` seen as [outer, n, inner] around `axis`.
void split_around(const edgert_operand& operand, int64_t axis, int64_t& outer, int64_t& n, int64_t& inner);

}  // namespace edgert
