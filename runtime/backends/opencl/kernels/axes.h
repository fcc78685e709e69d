// Operators over a set of axes: how their kernels walk the kept and the reduced ones.
#pragma once

#include "backends/opencl/launch.h"
#include "backends/opencl/pointwise_text.h"

namespace edgert::cl {

// A dense tensor's axes as the kernels take them (axes.cl): results along `kept`; each made of
// outer_count x inner elements, `inner` of them `stride` apart.
struct AxisWalks {
  int64_t results = 1, outer_count = 1, inner = 1, stride = 0;
  Walk kept, outer;
  bool last_reduced = false;  // the elements of a result are neighbours in memory
  int64_t count() const { return outer_count * inner; }
};

// `axes` (bit i: axis i is reduced) of a tensor of `dims`.
AxisWalks walk_axes(std::span<const int64_t> dims, uint32_t axes);
// The walk of another tensor, of element `strides` along dims, over the kept or the reduced axes.
Walk walk_along(std::span<const int64_t> dims, const int64_t* strides, uint32_t axes, bool reduced);

// One work-group per result (with a tree over GROUP items) rather than one work-item.
bool wants_group(const AxisWalks& walks);
// Items of such a group.
int64_t group_items(const Device& device, const AxisWalks& walks);
// Defines GROUP (1: one work-item per result), WIDE (the type of sums) and adds axes.cl.
void define_axes(const Device& device, Source& source, const AxisWalks& walks);
// The arguments AXES of the kernels.
void axes_arguments(Launch& launch, const AxisWalks& walks);
// The index space for them.
void axes_range(const Device& device, Launch& launch, const AxisWalks& walks);

// Types known to the kernels.
Status supports_number(const Device& device, const NodeArgs& args);

}  // namespace edgert::cl
