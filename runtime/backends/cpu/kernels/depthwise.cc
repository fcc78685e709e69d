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

// Where the windows of a line of output pixels begin: along all axes but the last, and in elements.
struct Window {
  int64_t places[kMaxSpatial];
  int64_t offset;
};

// The taps of one or two lines, those in the same input line together.
class TapList {
 public:
  TapList(const DepthwiseShape& shape, DepthwiseTaps* taps) : shape_(shape), taps_(taps) {}

  // Lines inside the input have the same taps, at other places.
  void find(int64_t line, int64_t lines) {
    const Window window = window_of(line);
    const bool inside = is_inside(window, lines);
    base_ = inside ? window.offset : 0;
    if (inside && lines_inside_ == lines) return;
    lines_inside_ = inside ? lines : 0;
    count_ = 0;
    add_line(window, 0);
    if (lines > 1) add_line(window_of(line + 1), 1);
  }
  const DepthwiseTaps* taps() const { return taps_; }
  int64_t count() const { return count_; }
  int64_t base() const { return base_; }  // of the taps' offsets

 private:
  Window window_of(int64_t line) const {
    const ConvParams& p = *shape_.params;
    const int last = p.spatial - 1;
    Window window;
    for (int i = last - 1; i >= 0; i--) {
      const int64_t rest = line / p.output[i];
      window.places[i] = (line - rest * p.output[i]) * p.strides[i] - p.pads[i];
      line = rest;
    }
    for (int i = 0; i < last; i++) line = line * p.input[i] + window.places[i];
    window.offset = line * p.input[last] * p.channels;
    return window;
  }

  // Whether the windows of the lines from this one on lie inside along all axes but the last.
  bool is_inside(const Window& window, int64_t lines) const {
    const ConvParams& p = *shape_.params;
    for (int i = 0; i + 1 < p.spatial; i++) {
      const int64_t more = i + 2 == p.spatial ? (lines - 1) * p.strides[i] : 0;
      const int64_t reach = (p.kernel[i] - 1) * p.dilations[i] + more;
      if (window.places[i] < 0 || window.places[i] + reach >= p.input[i]) return false;
    }
    return p.spatial > 1;
  }

  void add_line(const Window& window, int64_t which) {
    const ConvParams& p = *shape_.params;
    const int64_t kernel = p.kernel[p.spatial - 1], dilation = p.dilations[p.spatial - 1];
    const int64_t found = count_;
    int64_t shared = 0;
    for (int64_t row = 0; row < p.taps / kernel; row++) {
      const DepthwiseRow& of_row = shape_.rows[row];
      bool inside = true;
      for (int i = 0; i + 1 < p.spatial; i++) {
        const int64_t at = window.places[i] + of_row.places[i];
        inside &= at >= 0 && at < p.input[i];
      }
      const int64_t offset = window.offset + of_row.offset - base_;
      for (int64_t k = 0; inside && k < kernel; k += shape_.width)
        add(offset, k * dilation, (row * kernel + k) * 16, which, found, shared);
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
  int64_t count_ = 0, base_ = 0;
  int64_t lines_inside_ = 0;  // that the taps are of, where they are inside
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
  const float* const x = tile.x;
  TapList list(s, room);
  for (int64_t line = lines.begin; line < lines.end; line += 2) {
    tile.lines = static_cast<int>(std::min<int64_t>(lines.end - line, 2));
    list.find(line, tile.lines);
    tile.x = x + list.base();
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

// The rows of the kernel.
DepthwiseRow* find_rows(const ConvParams& p, edgert_plan& plan) {
  const int last = p.spatial - 1;
  const int64_t count = p.taps / p.kernel[last];
  auto* rows = allocate<DepthwiseRow>(plan, static_cast<size_t>(count));
  for (int64_t row = 0; rows && row < count; row++) {
    int64_t rest = row, stride = p.input[last] * p.channels;
    for (int i = last - 1; i >= 0; i--) {
      rows[row].places[i] = rest % p.kernel[i] * p.dilations[i];
      rows[row].offset += rows[row].places[i] * stride;
      stride *= p.input[i];
      rest /= p.kernel[i];
    }
  }
  return rows;
}

}  // namespace

Status plan_depthwise(const ConvParams& p, edgert_plan& plan, DepthwiseShape& s) {
  s.params = &p;
  s.micro = &micro();
  EDGERT_TRY(plan_epilogue(p.epilogue, *s.micro, plan, false, s.epilogue));
  const int64_t size = p.epilogue.size();
  s.width = taps_at_a_time(p);
  s.lines = size / (p.outputs * p.output[p.spatial - 1]);
  s.rows = find_rows(p, plan);
  if (!s.rows) return no_memory();
  // About 90 multiply-adds a nanosecond, and 0.1 for each result.
  const double cost =
      static_cast<double>(size) * (static_cast<double>(p.taps) / 90 + 0.1 + s.epilogue.program.cost);
  const int64_t image = size_of({p.input, static_cast<size_t>(p.spatial)}) * p.channels;
  const double read = static_cast<double>(p.batch * image) * 4, made = static_cast<double>(size) * 4;
  const auto weights = static_cast<double>(p.taps * p.channels) * 4;
  cut_work({s.lines, (p.channels + 15) / 16, cost, weights, read, made}, plan, s.line_pieces,
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
  const Range lines = lines_of(call, height);
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
