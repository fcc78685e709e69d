// What the kernels on packed panels (panels.cl) share on the host.
#pragma once

#include "backends/opencl/launch.h"
#include "backends/opencl/pointwise_text.h"
#include "ops/conv.h"

namespace edgert::cl {

// Operands 0 and 1, the accumulator and the epilogue have types that the kernels know.
Status supports_product(const Device& device, const NodeArgs& args);
// Defines ACC, TILE, LOAD_X and X_BYTES and adds panels.cl and the epilogue.
void define_product(Source& source, int32_t accumulator, int32_t x_dtype, int64_t tile,
                    const Epilogue& epilogue);
// Rows of x that one work-item holds, for a product of `rows` rows.
int64_t choose_tile(const Device& device, int64_t rows);
// Work-items (blocks, panels, batches) in the device's preferred groups.
void spread_blocks(const Device& device, Launch& launch, int64_t blocks, int64_t panels, int64_t batches);

// A launch that packs `count` matrices [k, n] of operand `input` into panels in scratch, whose offset is
// `at`. Matrix i starts at element `first` and `matrices` of i; its elements are multiplied by `scale`.
struct PackShape {
  int64_t k, n, row_stride, column_stride, count;
  Walk matrices;
  int64_t first = 0;
  float scale = 1;
};
Status pack_weights(Planner& planner, const NodeArgs& args, size_t input, int32_t accumulator,
                    const PackShape& shape, uint64_t& at);
// Products [m, k] x [k, n] by kernel matmul: what follows its buffers. Walks give the first elements of a
// batch in x and y, and the number of its matrix in the panels.
struct Products {
  int64_t m, n, k, row_stride, column_stride;
  Walk x, panels, y;
  int64_t y_stride;
};
void product_arguments(Launch& launch, const Products& products);

// The convolutions' shape as their kernels take it, with three spatial axes.
struct ConvShape {
  int32_t batch, channels, outputs, groups;  // groups after merging
  int32_t input[3], output[3], window[3], stride[3], dilation[3], pad[3];
};
ConvShape make_conv_shape(const ConvParams& conv);
// A table of `channels` zeros of operand 0's type: what lies outside an image.
Status zero_channels(Planner& planner, const NodeArgs& args, int64_t channels, size_t& table);
// A product [m, k] x panels [k, n] of operand 1 with the node's epilogue, where nothing else is to be done.
Status plan_product(Planner& planner, const NodeArgs& args, const Pointwise& pointwise, int32_t accumulator,
                    int64_t m, int64_t k, int64_t n);
Status supports_conv(const Device& device, const NodeArgs& args);

}  // namespace edgert::cl
