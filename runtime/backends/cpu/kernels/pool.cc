// pool: rows of the result, spread over the threads; pixels from the list of their windows' pixels.
#include "ops/pool.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/elements.h"
#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/micro/pool.h"

namespace edgert {
namespace cpu {
namespace {

struct PoolState {
  PoolParams pool;
  const PoolMicro* micro;
  int64_t rows;    // of the result: batch and all spatial axes but the last
  int64_t planes;  // the most window rows of a pixel
  int64_t taps;    // the most pixels of a window
};

Status plan_pool(const NodeArgs& args, edgert_plan& plan) {
  PoolState* state = new_state<PoolState>(&plan);
  if (!state) return no_memory();
  PoolParams& p = state->pool;
  EDGERT_TRY(parse_pool(args, p));
  if (p.kind == PoolKind::kMax ? !is_number(p.dtype) : !is_float(p.dtype))
    return unsupported("pooling of %s", dtype_name(p.dtype));
  if (size_of(shape_of(args.outputs[0])) == 0) return {};
  state->rows = p.batch;
  state->planes = 1;
  int64_t whole = 1;  // positions of a window
  for (int32_t i = 0; i < p.spatial - 1; i++) {
    state->rows *= p.output[i];
    if (!multiply(state->planes, std::min(p.kernel[i], p.input[i]), state->planes) ||
        !multiply(whole, p.kernel[i], whole))
      return invalid("the kernel is too large");
  }
  const int32_t last = p.spatial - 1;
  int64_t bytes;
  if (!multiply(state->planes, std::min(p.kernel[last], p.input[last]), state->taps) ||
      !multiply(state->planes + state->taps, 8 * int64_t{plan.threads}, bytes) ||
      !multiply(whole, p.kernel[last], whole))
    return invalid("the kernel is too large");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  state->micro = micro().pool;
  if (p.batch == 1 && p.spatial > 1 && !p.indices)
    plan.lines = {1, p.strides[0], 1, p.begin[0], (p.kernel[0] - 1) * p.dilations[0] - p.begin[0], 0};
  return {};
}

// The window rows of result row `row`: offsets of their pixel 0 in elements, and how many positions of the
// whole window lie within the padded input on these axes.
int64_t find_planes(const PoolState& state, int64_t row, int64_t* planes, int64_t& padded) {
  const PoolParams& p = state.pool;
  const int32_t axes = p.spatial - 1;
  int64_t start[kMaxSpatial], first[kMaxSpatial], last[kMaxSpatial], index[kMaxSpatial];
  padded = 1;
  int64_t count = 1;
  for (int32_t i = axes - 1; i >= 0; row /= p.output[i--]) {
    pool_window(p, i, row % p.output[i], start[i], first[i], last[i]);
    index[i] = first[i];
    count *= last[i] - first[i];
    const int64_t room = p.input[i] + p.end[i] - start[i];
    padded *= std::min(p.kernel[i], (room + p.dilations[i] - 1) / p.dilations[i]);
  }
  for (int64_t n = 0; n < count; n++) {
    int64_t offset = row;  // the image
    for (int32_t i = 0; i < axes; i++) offset = offset * p.input[i] + start[i] + index[i] * p.dilations[i];
    planes[n] = offset * p.input[axes] * p.channels;
    for (int32_t i = axes - 1; i >= 0 && ++index[i] == last[i]; i--) index[i] = first[i];
  }
  return count;
}

// The divisor of an average whose window has `inside` pixels inside the input.
int64_t divisor(const PoolState& state, int64_t padded_planes, int64_t column_start, int64_t inside) {
  const PoolParams& p = state.pool;
  if (!p.include_pad) return std::max<int64_t>(inside, 1);
  const int32_t axis = p.spatial - 1;
  const int64_t room = p.input[axis] + p.end[axis] - column_start;
  return std::max<int64_t>(
      padded_planes * std::min(p.kernel[axis], (room + p.dilations[axis] - 1) / p.dilations[axis]), 1);
}

// How many pixels from `column` on, whose window begins at `start` and is whole, have whole windows.
int64_t whole_windows(const PoolParams& p, int64_t column, int64_t start) {
  const int32_t axis = p.spatial - 1;
  const int64_t room = p.input[axis] - 1 - (p.kernel[axis] - 1) * p.dilations[axis] - start;
  return std::min(room / p.strides[axis] + 1, p.output[axis] - column);
}

// run(column, pixels, base, taps, count, divisor) for runs of pixels of result row `row` with windows of
// equal form: the elements base + taps[k], those of the next pixel a stride further on.
template <class Run>
void for_runs(const PoolState& state, int64_t row, int64_t* scratch, Run&& run) {
  const PoolParams& p = state.pool;
  int64_t* planes = scratch;
  int64_t* taps = scratch + state.planes;
  int64_t padded;
  const int64_t plane_count = find_planes(state, row, planes, padded);
  const int32_t axis = p.spatial - 1;
  const int64_t step = p.dilations[axis] * p.channels;
  const bool averages = p.kind == PoolKind::kAverage;
  int64_t pixels;
  for (int64_t column = 0; column < p.output[axis]; column += pixels) {
    int64_t start, first, last;
    pool_window(p, axis, column, start, first, last);
    pixels = first == 0 && last == p.kernel[axis] ? whole_windows(p, column, start) : 1;
    int64_t* tap = taps;
    for (int64_t n = 0; n < plane_count; n++)
      for (int64_t k = first; k < last; k++) *tap++ = planes[n] + k * step;
    const int64_t count = tap - taps;
    run(column, pixels, start * p.channels, taps, count, averages ? divisor(state, padded, start, count) : 1);
  }
}

template <class Row>
void for_rows(const PoolState& state, const edgert_call& call, int64_t cost, Row&& row) {
  const int64_t height = state.pool.spatial > 1 ? state.pool.output[0] : 1;
  const Range lines = lines_of(call, height);
  const int64_t each = state.rows / height, first = lines.begin * each;
  const int64_t rows = lines.end * each - first;
  const int64_t count = std::min(pieces(cost, call.threads), rows);
  parallel(call, count, [&](int64_t piece, int32_t worker) {
    int64_t* scratch = static_cast<int64_t*>(call.scratch) + worker * (state.planes + state.taps);
    const int64_t end = first + piece_begin(rows, piece + 1, count);
    for (int64_t r = first + piece_begin(rows, piece, count); r < end; r++) row(r, scratch);
  });
}

// The loops of the tier for maxima of this type, null if there are none.
void (*maxima(const PoolState& state))(const PoolTile&) {
  switch (state.pool.dtype) {
    case EDGERT_F32: return state.micro->max;
    case EDGERT_U8: return state.micro->max_u8;
    case EDGERT_I8: return state.micro->max_i8;
    default: return nullptr;
  }
}

// `largest` is null for averages.
void pool_tiles(const PoolState& state, const edgert_call& call, void (*largest)(const PoolTile&)) {
  const PoolParams& p = state.pool;
  const auto size = static_cast<int64_t>(item_size(p.dtype));
  const int64_t width = p.output[p.spatial - 1] * p.channels;
  for_rows(state, call, state.rows * width * state.taps / 8, [&](int64_t row, int64_t* scratch) {
    PoolTile tile{};
    tile.step = p.strides[p.spatial - 1] * p.channels;
    tile.channels = p.channels;
    for_runs(state, row, scratch,
             [&](int64_t column, int64_t pixels, int64_t base, const int64_t* taps, int64_t count,
                 int64_t counted) {
               tile.x = static_cast<const char*>(call.inputs[0]) + base * size;
               tile.taps = taps;
               tile.count = count;
               tile.pixels = pixels;
               tile.y = static_cast<char*>(call.outputs[0]) + (row * width + column * p.channels) * size;
               if (largest) largest(tile);
               else state.micro->sum(tile, 1.0f / static_cast<float>(counted));
             });
  });
}

// The position of element `offset` of x in the tensor stored as [N, C, *S].
int64_t source_position(const PoolParams& p, int64_t offset) {
  int64_t area = 1;
  for (int32_t i = 0; i < p.spatial; i++) area *= p.input[i];
  const int64_t channel = offset % p.channels, pixel = offset / p.channels;
  return (pixel / area * p.channels + channel) * area + pixel % area;
}

template <class T>
T power_mean(T total, int64_t p) {
  return static_cast<T>(std::pow(total, T{1} / static_cast<T>(p)));
}

// A pixel's window in x, the elements at its taps, and where its result goes.
struct PoolPixel {
  const void* x;
  void* y;
  int64_t* positions;  // or null
  int64_t from, at;    // elements
  const int64_t* taps;
  int64_t count, counted;
};

template <class S>
void max_pixel(const PoolParams& p, const PoolPixel& pixel) {
  using T = typename S::Value;
  const auto* x = static_cast<const typename S::Stored*>(pixel.x);
  auto* y = static_cast<typename S::Stored*>(pixel.y) + pixel.at;
  for (int64_t c = 0; c < p.channels; c++) {
    T best = least<T>();
    int64_t found = -1;
    for (int64_t k = 0; k < pixel.count; k++) {
      const int64_t at = pixel.from + pixel.taps[k] + c;
      const T value = S::load(x[at]);
      if (found >= 0 && !(value > best || (value != value && best == best))) continue;
      best = value;
      found = at;
    }
    y[c] = S::store(best);
    if (pixel.positions) pixel.positions[pixel.at + c] = found < 0 ? -1 : source_position(p, found);
  }
}

template <class S>
void mean_pixel(const PoolParams& p, const PoolPixel& pixel) {
  using T = typename S::Value;
  const auto* x = static_cast<const typename S::Stored*>(pixel.x) + pixel.from;
  auto* y = static_cast<typename S::Stored*>(pixel.y) + pixel.at;
  const bool averages = p.kind == PoolKind::kAverage;
  for (int64_t c = 0; c < p.channels; c++) {
    T total = 0;
    for (int64_t k = 0; k < pixel.count; k++) {
      const T value = S::load(x[pixel.taps[k] + c]);
      total += averages ? value : static_cast<T>(std::pow(std::abs(value), static_cast<T>(p.p)));
    }
    y[c] = S::store(averages ? total / static_cast<T>(pixel.counted) : power_mean(total, p.p));
  }
}

using PixelFunction = void (*)(const PoolParams& p, const PoolPixel& pixel);

PixelFunction pixel_function(const PoolParams& p) {
  PixelFunction found = nullptr;
  if (p.kind == PoolKind::kMax)
    with_storage(p.dtype, [&](auto storage) { found = max_pixel<decltype(storage)>; });
  else with_float(p.dtype, [&](auto storage) { found = mean_pixel<decltype(storage)>; });
  return found;
}

void pool_any(const PoolState& state, const edgert_call& call) {
  const PoolParams& p = state.pool;
  const PixelFunction run_pixel = pixel_function(p);
  const int64_t width = p.output[p.spatial - 1] * p.channels;
  const int64_t stride = p.strides[p.spatial - 1] * p.channels;
  int64_t* positions = p.indices ? static_cast<int64_t*>(call.outputs[1]) : nullptr;
  for_rows(state, call, state.rows * width * state.taps, [&](int64_t row, int64_t* scratch) {
    for_runs(state, row, scratch,
             [&](int64_t column, int64_t pixels, int64_t base, const int64_t* taps, int64_t count,
                 int64_t counted) {
               for (int64_t i = 0; i < pixels; i++)
                 run_pixel(p, {call.inputs[0], call.outputs[0], positions, base + i * stride,
                               row * width + (column + i) * p.channels, taps, count, counted});
             });
  });
}

Status run_pool(const PoolState& state, const edgert_call& call) {
  const PoolParams& p = state.pool;
  if (state.rows == 0) return {};
  const auto largest = p.kind == PoolKind::kMax && !p.indices ? maxima(state) : nullptr;
  if (largest || (p.kind == PoolKind::kAverage && p.dtype == EDGERT_F32)) pool_tiles(state, call, largest);
  else pool_any(state, call);
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel pool_kernel =
    cpu::make_kernel<cpu::PoolState, cpu::plan_pool, cpu::run_pool>("pool");

}  // namespace edgert
