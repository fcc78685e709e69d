// 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3): windows are transformed block by block into 36
// matrices, multiplied with the weights' 36, and transformed back while they are in the cache.
#pragma once

#include "backends/cpu/kernels/product.h"
#include "ops/conv.h"

namespace edgert::cpu {

struct WinogradShape {
  const Micro* micro;
  const ConvParams* params;
  int64_t tiles_x, tiles_y;  // of an image
  int64_t tiles;             // of all images
  int64_t block;             // tiles that are transformed together
  int64_t tile_pieces, column_pieces;
  uint64_t piece_bytes;  // of scratch
  const float* zeros;    // [channels]
  ProductEpilogue epilogue;

  int64_t panels() const { return (params->outputs + 15) / 16; }
  int64_t panel_floats() const { return panels() * 16 * params->channels; }
};

#if defined(EDGERT_NO_WINOGRAD)
constexpr bool kWinograd = false;  // a weight stored for it has another form beside
#else
constexpr bool kWinograd = true;
#endif

// Whether the convolution is of that kind; its weight must be there in that form.
bool winograd_fits(const ConvParams& params);
// Whether one of that kind is quicker so.
bool winograd_pays(const ConvParams& params);
Status plan_winograd(const ConvParams& params, edgert_plan& plan, WinogradShape& shape);
Status run_winograd(const WinogradShape& shape, const edgert_call& call);

}  // namespace edgert::cpu
