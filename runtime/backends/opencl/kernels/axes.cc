#include "backends/opencl/kernels/axes.h"

#include <algorithm>
#include <vector>

#include "backends/opencl/program_text.h"

namespace edgert::cl {

AxisWalks walk_axes(std::span<const int64_t> dims, uint32_t axes) {
  int64_t strides[EDGERT_MAX_RANK] = {}, stride = 1;
  for (size_t axis = dims.size(); axis-- > 0; stride *= dims[axis]) strides[axis] = stride;
  AxisWalks walks;
  for (size_t axis = 0; axis < dims.size(); axis++) {
    if (!(axes >> axis & 1)) walks.results *= dims[axis];
    if (dims[axis] != 1) walks.last_reduced = (axes >> axis & 1) != 0;
  }
  walks.kept = walk_along(dims, strides, axes, false);
  walks.outer = walk_along(dims, strides, axes, true);
  if (walks.outer.rank > 0) {
    walks.outer.rank--;
    walks.inner = walks.outer.n[walks.outer.rank];
    walks.stride = walks.outer.s[walks.outer.rank];
  }
  for (int axis = 0; axis < walks.outer.rank; axis++) walks.outer_count *= walks.outer.n[axis];
  return walks;
}

Walk walk_along(std::span<const int64_t> dims, const int64_t* strides, uint32_t axes, bool reduced) {
  std::vector<int64_t> n, s;
  for (size_t axis = 0; axis < dims.size(); axis++) {
    if (((axes >> axis & 1) != 0) != reduced) continue;
    n.push_back(dims[axis]);
    s.push_back(strides[axis]);
  }
  return make_walk(n, s);
}

bool wants_group(const AxisWalks& walks) {
  return walks.count() >= 32 && (walks.last_reduced || walks.results < 64);
}

int64_t group_items(const Device& device, const AxisWalks& walks) {
  int64_t items = 16;
  while (items * 4 <= walks.count() && items < 64) items *= 2;
  return std::min<int64_t>(items, static_cast<int64_t>(device.work_group));
}

void define_axes(const Device& device, Source& source, const AxisWalks& walks) {
  source.define("GROUP", wants_group(walks) ? group_items(device, walks) : 1);
  source.define("WIDE", device.fp64 ? "double" : "float").file("axes");
}

void axes_arguments(Launch& launch, const AxisWalks& walks) {
  launch.integer(walks.results).integer(walks.outer_count).integer(walks.inner).integer(walks.stride);
  launch.value(walks.kept).value(walks.outer);
}

void axes_range(const Device& device, Launch& launch, const AxisWalks& walks) {
  const int64_t items = group_items(device, walks);
  if (wants_group(walks)) {
    launch.range({walks.results * items}, {items});
  } else {
    int64_t group = 16;
    while (group < 128 && group * 2 * device.compute_units <= walks.results) group *= 2;
    launch.range({walks.results}, {std::min(group, static_cast<int64_t>(device.work_group))});
  }
}

Status supports_number(const Device& device, const NodeArgs& args) {
  for (auto operands : {args.inputs, args.outputs})
    for (const edgert_operand& operand : operands)
      if (operand.dtype && (!storage_text(operand.dtype) || (operand.dtype == EDGERT_F64 && !device.fp64)))
        return unsupported("%s on this device", dtype_name(operand.dtype));
  return {};
}

}  // namespace edgert::cl
