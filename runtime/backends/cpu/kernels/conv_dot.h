// Convolutions of bytes by a weight in form `dot`: products whose rows are pieces of image lines.
#pragma once

#include "backends/cpu/kernels/conv_rows.h"
#include "backends/cpu/kernels/dot_product.h"

namespace edgert::cpu {

struct ConvDot {
  DotShape shape;
  ConvRows rows;  // of bytes; the last axis' taps are one row
};

Status plan_conv_dot(const ConvParams& params, int32_t x, edgert_plan& plan, ConvDot& out);
Status run_conv_dot(const ConvDot& conv, const edgert_call& call);

}  // namespace edgert::cpu
