#include "backends/cpu/kernels/depthwise.h"

#include <algorithm>

#include "backends/cpu/micro/depthwise.h"

namespace edgert::cpu {
namespace {

// The whole row of the kernel, if there are inner loops for it.
int64_t taps_at_a_time(const ConvParams& p) {
  const int last = p.spatial - 1;
  const int64_t kernel = p.kernel[last];
  return (kernel == 3 || kernel == 5) && p.strides[last] <= 2 && p.dilations[last] == 1 ? kernel : 1;
}

uint64_t taps_bytes(const DepthwiseShape& s) {
  return (static_cast<uint64_t>(s.params->taps / s.width) * 2 * sizeof(DepthwiseTaps) + 63) / 64 * 64;
}

// The taps of one or two lines, those in the same input line together.
class TapList {
 public:
  TapList(const DepthwiseShape& shape, DepthwiseTaps* taps) : shape_(shape), taps_(taps) {}

  void find(int64_t line, int64_t lines) {
    count_ = 0;
    for (int64_t i = 0; i < lines; i++) add_line(line + i, i);
  }
  const DepthwiseTaps* taps() const { return taps_; }
  int64_t count() const { return count_; }

 private:
  // The taps of output line `line` that are inside the input along all axes but the last.
  void add_line(int64_t line, int64_t which) {
    const ConvParams& p = *shape_.params;
    const int last = p.spatial - 1;
    int64_t start[kMaxSpatial], shared = 0;
    const int64_t found = count_;
    for (int i = last - 1; i >= 0; i--) {
      start[i] = line % p.output[i] * p.strides[i] - p.pads[i];
      line /= p.output[i];
    }
    for (int64_t row = 0; row < p.taps / p.kernel[last]; row++) {
      int64_t rest = row, offset = line * shape_.image, stride = p.input[last] * p.channels;
      bool inside = true;
      for (int i = last - 1; i >= 0; i--) {
        const int64_t at = start[i] + rest % p.kernel[i] * p.dilations[i];
        inside &= at >= 0 && at < p.input[i];
        offset += at * stride;
        stride *= p.input[i];
        rest /= p.kernel[i];
      }
      for (int64_t k = 0; inside && k < p.kernel[last]; k += shape_.width)
        add(offset, k * p.dilations[last], (row * p.kernel[last] + k) * 16, which, found, shared);
    }
  }

  // Taps of a line come in the order of their offsets and shifts: those from `shared` on may be the same.
  void add(int64_t offset, int64_t shift, int64_t place, int64_t which, int64_t found, int64_t& shared) {
    while (shared < found &&
           (taps_[shared].offset < offset || (taps_[shared].offset == offset && taps_[shared].shift < shift)))
      shared++;
    const bool same = shared < found && taps_[shared].offset == offset && taps_[shared].shift == shift;
    if (!same) taps_[count_] = {offset, shift, {-1, -1}};
    taps_[same ? shared : count_++].places[which] = place;
  }

  const DepthwiseShape& shape_;
  DepthwiseTaps* taps_;
  int64_t count_ = 0;
};

struct Range {
  int64_t begin, end;
};

// What the inner loops need and every line of the piece has alike.
DepthwiseTile tile_of(const DepthwiseShape& s, const edgert_call& call, Range channels) {
  const ConvParams& p = *s.params;
  const ProductEpilogue& e = s.epilogue;
  const int last = p.spatial - 1;
  DepthwiseTile t{};
  t.x = static_cast<const float*>(call.inputs[0]) + channels.begin;
  t.columns = p.input[last];
  t.pixel_floats = p.channels;
  t.stride = p.strides[last];
  t.reach = (p.kernel[last] - 1) * p.dilations[last];
  t.width = static_cast<int>(s.width);
  t.block_floats = p.taps * 16;
  t.weights = static_cast<const float*>(call.inputs[1]) + channels.begin / 16 * t.block_floats;
  t.channels = channels.end - channels.begin;
  t.line_floats = p.output[last] * p.channels;
  if (e.head.bias >= 0) t.bias = static_cast<const float*>(call.inputs[1 + e.head.bias]) + channels.begin;
  t.low = e.head.low;
  t.high = e.head.high;
  return t;
}

void run_lines(const DepthwiseShape& s, const edgert_call& call, Range lines, Range channels,
               DepthwiseTaps* room, void* program_scratch) {
  const ConvParams& p = *s.params;
  const ProductEpilogue& e = s.epilogue;
  auto* sums = e.in_place ? static_cast<float*>(call.outputs[0])
                          : reinterpret_cast<float*>(static_cast<char*>(call.scratch) + s.sums_at);
  const void* operands[kMaxProgramOperands] = {sums};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  const int last = p.spatial - 1;
  const int64_t width = p.output[last], together = s.micro->depthwise->pixels;
  // The epilogue finds the sums in the L1 cache.
  const int64_t fit = kEpilogueElements / ((channels.end - channels.begin) * together);
  const int64_t step = e.plain ? width : std::max<int64_t>(fit, 1) * together;
  DepthwiseTile tile = tile_of(s, call, channels);
  TapList list(s, room);
  for (int64_t line = lines.begin; line < lines.end; line += 2) {
    tile.lines = static_cast<int>(std::min<int64_t>(lines.end - line, 2));
    list.find(line, tile.lines);
    tile.taps = list.taps();
    tile.count = list.count();
    for (int64_t column = 0; column < width; column += step) {
      tile.start = column * p.strides[last] - p.pads[last];
      tile.pixels = std::min(step, width - column);
      tile.out = sums + (line * width + column) * p.channels + channels.begin;
      s.micro->depthwise->run(tile);
      for (int64_t row = line * width + column; !e.plain && row < (line + tile.lines) * width; row += width)
        run_tiles(e.program, operands, call.outputs[0], row, row + tile.pixels, channels.begin, channels.end,
                  program_scratch);
    }
  }
}

}  // namespace

Status plan_depthwise(const ConvParams& p, edgert_plan& plan, DepthwiseShape& s) {
  s.params = &p;
  s.micro = &micro();
  EDGERT_TRY(plan_epilogue(p.epilogue, *s.micro, plan, false, s.epilogue));
  const int64_t size = p.epilogue.size();
  s.width = taps_at_a_time(p);
  s.lines = size / (p.outputs * p.output[p.spatial - 1]);
  s.image = size_of({p.input, static_cast<size_t>(p.spatial)}) * p.channels;
  // About 60 multiply-adds a nanosecond.
  const double cost =
      static_cast<double>(size) * (static_cast<double>(p.taps) / 60 + 0.1 + s.epilogue.program.cost);
  const double read = static_cast<double>(p.batch * s.image) * 4, made = static_cast<double>(size) * 4;
  const auto weights = static_cast<double>(p.taps * p.channels) * 4;
  cut_work({s.lines, (p.channels + 15) / 16, cost, weights, read, made}, plan.threads, s.line_pieces,
           s.channel_pieces);
  const auto pieces = static_cast<uint64_t>(s.line_pieces * s.channel_pieces);
  s.taps_at = (s.epilogue.program.scratch_bytes() * pieces + 63) / 64 * 64;
  s.sums_at = s.taps_at + pieces * taps_bytes(s);
  plan.scratch_bytes = s.sums_at + (s.epilogue.in_place ? 0 : static_cast<uint64_t>(size) * 4);
  if (s.epilogue.in_place && p.spatial > 1)
    plan.lines = lines_of_conv(p, 1, static_cast<uint64_t>(p.taps * p.channels) * sizeof(float));
  return {};
}

Status run_depthwise(const DepthwiseShape& s, const edgert_call& call) {
  const ConvParams& p = *s.params;
  const int64_t height = p.spatial > 1 ? p.output[0] : 1, each = s.lines / height;
  const Lines lines = lines_of(call, height);
  const int64_t first = lines.begin * each, count = lines.end * each - first;
  const int64_t channels = p.channels, blocks = (channels + 15) / 16;
  char* scratch = static_cast<char*>(call.scratch);
  parallel(call, s.line_pieces * s.channel_pieces, [&](int64_t piece, int) {
    const int64_t down = piece / s.channel_pieces, across = piece % s.channel_pieces;
    const Range of_lines = {
        first + piece_begin(count, down, s.line_pieces),
        first + piece_begin(count, down + 1, s.line_pieces),
    };
    const Range of_channels = {
        piece_begin(blocks, across, s.channel_pieces) * 16,
        std::min(piece_begin(blocks, across + 1, s.channel_pieces) * 16, channels),
    };
    run_lines(
        s, call, of_lines, of_channels,
        reinterpret_cast<DepthwiseTaps*>(scratch + s.taps_at + static_cast<uint64_t>(piece) * taps_bytes(s)),
        scratch + static_cast<uint64_t>(piece) * s.epilogue.program.scratch_bytes());
  });
  return {};
}

}  // namespace edgert::cpu
