#include "backends/cpu/kernels/depthwise.h"

#include <algorithm>

#include "backends/cpu/micro/depthwise.h"

namespace edgert::cpu {
namespace {

// The taps of one line of output pixels that are inside the input along all axes but the last.
struct LineTaps {
  const ConvParams& params;
  int64_t* offsets;  // [taps]: of the taps in use, from the window's first column
  int64_t* places;
  int64_t outer;  // taps rows in use; row r of the kernel's last axis
  int64_t* row_offsets;
  int64_t* row_places;

  // The taps of the rows whose column is within [first, last) of the kernel's.
  int64_t choose(int64_t first, int64_t last) {
    const int axis = params.spatial - 1;
    int64_t count = 0;
    for (int64_t r = 0; r < outer; r++) {
      for (int64_t k = first; k < last; k++, count++) {
        offsets[count] = row_offsets[r] + k * params.dilations[axis] * params.channels;
        places[count] = row_places[r] + k;
      }
    }
    return count;
  }
};

void find_rows(const ConvParams& p, const int64_t* place, LineTaps& taps) {
  const int last = p.spatial - 1;
  const int64_t rows = p.taps / p.kernel[last];
  taps.outer = 0;
  for (int64_t row = 0; row < rows; row++) {
    int64_t rest = row, offset = 0, stride = p.input[last];
    bool inside = true;
    for (int i = last - 1; i >= 0; i--) {
      const int64_t at = place[i] + rest % p.kernel[i] * p.dilations[i];
      inside &= at >= 0 && at < p.input[i];
      offset += at * stride;
      stride *= p.input[i];
      rest /= p.kernel[i];
    }
    if (!inside) continue;
    taps.row_offsets[taps.outer] = offset * p.channels;
    taps.row_places[taps.outer++] = row * p.kernel[last];
  }
}

// The kernel columns that are inside the input for a window that starts at column `start`.
void inside_columns(const ConvParams& p, int64_t start, int64_t& first, int64_t& last) {
  const int axis = p.spatial - 1;
  const int64_t dilation = p.dilations[axis];
  first = start >= 0 ? 0 : std::min(p.kernel[axis], (-start + dilation - 1) / dilation);
  last = start >= p.input[axis] ? first
                                : std::min(p.kernel[axis], (p.input[axis] - start + dilation - 1) / dilation);
  last = std::max(first, last);
}

// Output pixels [0, width) of one line, in runs that use the same taps.
void run_line(const DepthwiseShape& shape, DepthwiseTile tile, const float* image, LineTaps& taps) {
  const ConvParams& p = *shape.params;
  const int axis = p.spatial - 1;
  const int64_t width = p.output[axis];
  float* out = tile.out;
  for (int64_t column = 0; column < width;) {
    const int64_t start = column * p.strides[axis] - p.pads[axis];
    int64_t first, last, end = column + 1;
    inside_columns(p, start, first, last);
    for (; end < width; end++) {
      int64_t next_first, next_last;
      inside_columns(p, end * p.strides[axis] - p.pads[axis], next_first, next_last);
      if (next_first != first || next_last != last) break;
    }
    tile.taps = taps.choose(first, last);
    tile.offsets = taps.offsets;
    tile.places = taps.places;
    tile.x = image + start * p.channels;
    tile.pixels = end - column;
    tile.out = out + column * p.channels;
    shape.micro->depthwise->run(tile);
    column = end;
  }
}

}  // namespace

Status plan_depthwise(const ConvParams& p, edgert_plan& plan, DepthwiseShape& s) {
  s.params = &p;
  s.micro = &micro();
  EDGERT_TRY(plan_epilogue(p.epilogue, *s.micro, s.epilogue));
  const int last = p.spatial - 1;
  const int64_t size = p.epilogue.size();
  s.lines = size / (p.outputs * p.output[last]);
  s.image = size_of({p.input, static_cast<size_t>(p.spatial)}) * p.channels;
  // About 10 multiply-adds a nanosecond.
  const double cost =
      static_cast<double>(size) * (static_cast<double>(p.taps) / 10 + 0.05 + s.epilogue.program.cost);
  cut_work(cost, s.lines, (p.channels + 15) / 16, plan.threads, s.line_pieces, s.channel_pieces);
  const auto pieces = static_cast<uint64_t>(s.line_pieces * s.channel_pieces);
  s.taps_at = (s.epilogue.program.scratch_bytes() * pieces + 63) / 64 * 64;
  s.sums_at = s.taps_at + pieces * (static_cast<uint64_t>(p.taps) * 4 * sizeof(int64_t) + 64) / 64 * 64;
  plan.scratch_bytes = s.sums_at + (s.epilogue.in_place ? 0 : static_cast<uint64_t>(size) * 4);
  if (s.epilogue.in_place && last > 0)
    plan.lines = lines_of_conv(p, 1, static_cast<uint64_t>(p.taps * p.channels) * sizeof(float));
  return {};
}

Status run_depthwise(const DepthwiseShape& s, const edgert_call& call) {
  const ConvParams& p = *s.params;
  const ProductEpilogue& e = s.epilogue;
  char* scratch = static_cast<char*>(call.scratch);
  auto* sums =
      e.in_place ? static_cast<float*>(call.outputs[0]) : reinterpret_cast<float*>(scratch + s.sums_at);
  const auto* bias = e.head.bias < 0 ? nullptr : static_cast<const float*>(call.inputs[1 + e.head.bias]);
  const void* operands[kMaxProgramOperands] = {sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  const int last = p.spatial - 1;
  const int64_t blocks = (p.channels + 15) / 16, width = p.output[last];
  const int64_t height = last > 0 ? p.output[0] : 1, each = s.lines / height;
  const Lines lines = lines_of(call, height);
  const int64_t first = lines.begin * each, count = lines.end * each - first;
  parallel(call, s.line_pieces * s.channel_pieces, [&](int64_t piece, int) {
    const int64_t channel = piece_begin(blocks, piece % s.channel_pieces, s.channel_pieces) * 16;
    const int64_t channel_end =
        std::min(piece_begin(blocks, piece % s.channel_pieces + 1, s.channel_pieces) * 16, p.channels);
    auto* lists = reinterpret_cast<int64_t*>(scratch + s.taps_at) + piece * p.taps * 4;
    LineTaps taps{p, lists, lists + p.taps, 0, lists + 2 * p.taps, lists + 3 * p.taps};
    void* program_scratch = scratch + piece * static_cast<int64_t>(e.program.scratch_bytes());
    DepthwiseTile tile{};
    tile.pixel_stride = p.strides[last] * p.channels;
    tile.block_floats = p.taps * 16;
    tile.weights = static_cast<const float*>(call.inputs[1]) + channel / 16 * tile.block_floats;
    tile.channels = channel_end - channel;
    tile.out_stride = p.channels;
    tile.bias = bias ? bias + channel : nullptr;
    tile.low = e.head.low;
    tile.high = e.head.high;
    const int64_t row = piece / s.channel_pieces;
    const int64_t end = first + piece_begin(count, row + 1, s.line_pieces);
    for (int64_t line = first + piece_begin(count, row, s.line_pieces); line < end; line++) {
      int64_t place[kMaxSpatial], image = line;
      for (int i = last - 1; i >= 0; i--) {
        place[i] = image % p.output[i] * p.strides[i] - p.pads[i];
        image /= p.output[i];
      }
      find_rows(p, place, taps);
      tile.out = sums + line * width * p.channels + channel;
      run_line(s, tile, static_cast<const float*>(call.inputs[0]) + image * s.image + channel, taps);
      if (!e.plain)
        run_tiles(e.program, operands, call.outputs[0], line * width, (line + 1) * width, channel,
                  channel_end, program_scratch);
    }
  });
  return {};
}

}  // namespace edgert::cpu
