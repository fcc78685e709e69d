#include "backends/cpu/kernels/product.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace edgert::cpu {

void cut_work(const Work& w, int32_t threads, int64_t& row_pieces, int64_t& column_pieces) {
  // Bytes a nanosecond.
  constexpr double kWeights = 20, kFromOthers = 8;
  const auto time = [&](int64_t rows, int64_t columns) {
    const int64_t longest = ((w.tiles + rows - 1) / rows) * ((w.units + columns - 1) / columns);
    const auto parts = static_cast<double>(columns);
    const double others = (w.read + w.made / static_cast<double>(rows * columns)) * (1 - 1 / parts);
    return w.cost * static_cast<double>(longest) / static_cast<double>(w.tiles * w.units) +
           w.weights / parts / kWeights + others / kFromOthers;
  };
  row_pieces = column_pieces = 1;
  if (w.tiles * w.units <= 1) return;
  cut_by(time, w.tiles, w.units, threads, row_pieces, column_pieces);
}

Status plan_epilogue(const Pointwise& epilogue, const Micro& micro, edgert_plan& plan, bool adds,
                     ProductEpilogue& e) {
  EDGERT_TRY(compile_tiles(epilogue, micro, plan, e.program, &e.head, adds));
  e.plain = only_accumulator(e.program);
  e.in_place = epilogue.result == EDGERT_F32;
  return {};
}

edgert_lines lines_of_conv(const ConvParams& p, int64_t multiple, uint64_t weight_bytes) {
  if (p.batch != 1) return {};
  return {multiple, p.strides[0], 1, p.pads[0], (p.kernel[0] - 1) * p.dilations[0] - p.pads[0], weight_bytes};
}

Status plan_product(const Pointwise& epilogue, edgert_plan& plan, ProductShape& s) {
  ProductEpilogue& e = s.epilogue;
  EDGERT_TRY(plan_epilogue(epilogue, *s.micro, plan, true, e));
  const double sums = static_cast<double>(s.matrices) * s.rows * s.width();
  const double weights = static_cast<double>(s.groups) * s.columns * s.taps * s.channels;
  // About 110 multiply-adds a nanosecond.
  const double cost = sums * s.taps * s.channels / 110 + sums * (e.plain ? 0 : e.program.cost);
  const Work work = {s.tiles() * s.matrices,
                     s.column_units(),
                     cost,
                     weights * 4,
                     static_cast<double>(size_of(shape_of(plan.inputs[0]))) * 4,
                     sums * 4};
  cut_work(work, plan.threads, s.row_pieces, s.column_pieces);
  return {};
}

void pack_panel(const float* from, int64_t k_stride, int64_t n_stride, int64_t depth, int64_t columns,
                int64_t panel, float* to) {
  const int64_t n = std::min<int64_t>(16, columns - panel * 16);
  from += panel * 16 * n_stride;
  if (n_stride == 1) {
    for (int64_t k = 0; k < depth; k++) {
      std::memcpy(to + k * 16, from + k * k_stride, static_cast<size_t>(n) * sizeof(float));
      if (n < 16) std::memset(to + k * 16 + n, 0, static_cast<size_t>(16 - n) * sizeof(float));
    }
    return;
  }
  if (n < 16 && depth > 0) std::memset(to, 0, static_cast<size_t>(depth) * 16 * sizeof(float));
  // Squares of 16: the reads stay in 16 cache lines.
  for (int64_t begin = 0; begin < depth; begin += 16) {
    const int64_t end = std::min(begin + 16, depth);
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = begin; k < end; k++) to[k * 16 + i] = from[k * k_stride + i * n_stride];
  }
}

}  // namespace edgert::cpu
