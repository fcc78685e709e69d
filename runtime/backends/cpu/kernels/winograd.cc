#include "backends/cpu/kernels/winograd.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/micro/winograd.h"

namespace edgert::cpu {
namespace {

constexpr int kPoints = 36;
constexpr int64_t kSide = 4;              // of a tile of outputs
constexpr int64_t kWindow = 6;            // of inputs that it needs
constexpr int64_t kBlockBytes = 1 << 20;  // of both sides of the products, to stay in the L2 cache

struct Block {
  int64_t first, tiles;
  int64_t column, columns;    // of the outputs
  float *windows, *products;  // [36][tiles][channels], [36][tiles][columns], points point_floats() apart
};

// An odd number of cache lines: a tile's 36 vectors then lie in different sets of the cache.
int64_t point_floats(int64_t tiles, int64_t channels) { return ((tiles * channels + 15) / 16 | 1) * 16; }

// Where a tile is: its image and its first output pixel there.
struct Place {
  int64_t image, line, column;
};

Place place_of(const WinogradShape& s, int64_t tile) {
  const int64_t band = tile / s.tiles_x;
  return {band / s.tiles_y, band % s.tiles_y * kSide, tile % s.tiles_x * kSide};
}

void transform_windows(const WinogradShape& s, const float* x, const Block& b) {
  const ConvParams& p = *s.params;
  const int64_t height = p.input[0], width = p.input[1];
  for (int64_t t = 0; t < b.tiles; t++) {
    const Place place = place_of(s, b.first + t);
    const int64_t top = place.line - p.pads[0], left = place.column - p.pads[1];
    const float* pixels[kPoints];
    for (int64_t i = 0; i < kPoints; i++) {
      const int64_t line = top + i / kWindow, column = left + i % kWindow;
      const bool inside = line >= 0 && line < height && column >= 0 && column < width;
      pixels[i] = inside ? x + ((place.image * height + line) * width + column) * p.channels : s.zeros;
    }
    s.micro->winograd->input(pixels, p.channels, b.windows + t * p.channels,
                             point_floats(b.tiles, p.channels));
  }
}

void multiply(const WinogradShape& s, const Block& b) {
  const ConvParams& p = *s.params;
  const int64_t most = s.micro->gemm->rows, groups = (b.tiles + most - 1) / most;
  for (int64_t point = 0; point < kPoints; point++)
    for (int64_t group = 0; group < groups; group++) {
      const int64_t first = piece_begin(b.tiles, group, groups);
      const int64_t count = piece_begin(b.tiles, group + 1, groups) - first;
      const float* const windows = b.windows + point * point_floats(b.tiles, p.channels);
      const float* rows[kMaxRows];
      for (int64_t r = 0; r < count; r++) rows[r] = windows + (first + r) * p.channels;
      GemmTile tile{rows,
                    0,
                    1,
                    p.channels,
                    p.winograd + point * s.panel_floats() + b.column * p.channels,
                    b.columns,
                    b.products + point * point_floats(b.tiles, b.columns) + first * b.columns,
                    b.columns,
                    nullptr,
                    -INFINITY,
                    INFINITY};
      if (point + 1 < kPoints) {
        const int64_t floats = (b.columns + 15) / 16 * 16 * p.channels;
        tile.ahead = tile.panels + s.panel_floats() + floats * group / groups;
        tile.ahead_floats = floats / groups;
      }
      s.micro->gemm->run(tile, static_cast<int>(count));
    }
}

void transform_products(const WinogradShape& s, const float* bias, float* y, const Block& b) {
  const ConvParams& p = *s.params;
  const int64_t height = p.output[0], width = p.output[1];
  for (int64_t t = 0; t < b.tiles; t++) {
    const Place place = place_of(s, b.first + t);
    float* out[kSide * kSide];
    for (int64_t i = 0; i < kSide * kSide; i++) {
      const int64_t line = place.line + i / kSide, column = place.column + i % kSide;
      const bool inside = line < height && column < width;
      out[i] = inside ? y + ((place.image * height + line) * width + column) * p.outputs + b.column : nullptr;
    }
    s.micro->winograd->output(b.products + t * b.columns, point_floats(b.tiles, b.columns), b.columns, out,
                              bias ? bias + b.column : nullptr, s.epilogue.head.low, s.epilogue.head.high);
  }
}

// The rest of the epilogue, over the lines of each run of tiles side by side.
void run_epilogue(const WinogradShape& s, const void* const* operands, void* y, const Block& b,
                  void* registers) {
  const ConvParams& p = *s.params;
  for (int64_t t = b.first; t < b.first + b.tiles;) {
    const Place place = place_of(s, t);
    const int64_t side_by_side = std::min(b.first + b.tiles - t, s.tiles_x - t % s.tiles_x);
    const int64_t width = std::min(side_by_side * kSide, p.output[1] - place.column);
    for (int64_t line = place.line; line < std::min(place.line + kSide, p.output[0]); line++) {
      const int64_t pixel = (place.image * p.output[0] + line) * p.output[1] + place.column;
      run_tiles(s.epilogue.program, operands, y, pixel, pixel + width, b.column, b.column + b.columns,
                registers);
    }
    t += side_by_side;
  }
}

// Nanoseconds that one thread takes: 90 multiply-adds, 27 bytes of weights from the outer cache, 6 numbers
// transformed in each.
double time_of(double tiles, double in, double out) {
  return kPoints * (std::max(tiles * in * out / 90, 4 * in * out / 27) + tiles * (in + out) / 6);
}

// More columns for each thread mean more weights to read, more tiles more windows to transform.
void cut(edgert_plan& plan, WinogradShape& s) {
  const ConvParams& p = *s.params;
  const auto in = static_cast<double>(p.channels);
  const auto time = [&](int64_t tile_pieces, int64_t column_pieces) {
    const int64_t tiles = (s.tiles + tile_pieces - 1) / tile_pieces;
    const int64_t columns = (s.panels() + column_pieces - 1) / column_pieces * 16;
    return time_of(static_cast<double>(tiles), in, static_cast<double>(columns));
  };
  cut_by(time, s.tiles, s.panels(), plan, s.tile_pieces, s.column_pieces);
}

}  // namespace

bool winograd_fits(const ConvParams& p) {
  return p.spatial == 2 && p.groups == 1 && p.kernel[0] == 3 && p.kernel[1] == 3 && p.strides[0] == 1 &&
         p.strides[1] == 1 && p.dilations[0] == 1 && p.dilations[1] == 1;
}

bool winograd_pays(const ConvParams& p) {
  const auto tiles = static_cast<double>(p.batch) * static_cast<double>((p.output[0] + 3) / 4) *
                     static_cast<double>((p.output[1] + 3) / 4);
  const auto pixels = static_cast<double>(p.batch) * static_cast<double>(p.output[0] * p.output[1]);
  const auto in = static_cast<double>(p.channels), out = static_cast<double>(p.outputs);
  const double direct = std::max(pixels * 9 * in * out / 90, 9 * 4 * in * out / 27);
  return time_of(tiles, in, out) < direct;
}

Status plan_winograd(const ConvParams& p, edgert_plan& plan, WinogradShape& s) {
  s.micro = &micro();
  s.params = &p;
  s.tiles_y = (p.output[0] + kSide - 1) / kSide;
  s.tiles_x = (p.output[1] + kSide - 1) / kSide;
  s.tiles = p.batch * s.tiles_y * s.tiles_x;
  EDGERT_TRY(plan_epilogue(p.epilogue, *s.micro, plan, false, s.epilogue));
  s.zeros = allocate<float>(plan, static_cast<size_t>(p.channels));
  if (!s.zeros) return no_memory();
  cut(plan, s);
  // As many tiles as two to four calls of the product take; shared out evenly.
  const int64_t columns = (s.panels() + s.column_pieces - 1) / s.column_pieces * 16;
  const int64_t fit = kBlockBytes / (kPoints * 4 * (p.channels + columns)), rows = s.micro->gemm->rows;
  const int64_t most = std::clamp(fit, 2 * rows, 4 * rows);
  const int64_t each = (s.tiles + s.tile_pieces - 1) / s.tile_pieces, blocks = (each + most - 1) / most;
  s.block = (each + blocks - 1) / blocks;
  const int64_t floats = point_floats(s.block, p.channels) + point_floats(s.block, columns);
  s.piece_bytes =
      (static_cast<uint64_t>(kPoints * floats) * sizeof(float) + s.epilogue.program.scratch_bytes() + 63) /
      64 * 64;
  plan.scratch_bytes = s.piece_bytes * static_cast<uint64_t>(s.tile_pieces * s.column_pieces);
  plan.lines = lines_of_conv(p, kSide, static_cast<uint64_t>(kPoints * s.panel_floats()) * sizeof(float));
  return {};
}

Status run_winograd(const WinogradShape& s, const edgert_call& call) {
  const ConvParams& p = *s.params;
  const ProductEpilogue& e = s.epilogue;
  const auto* x = static_cast<const float*>(call.inputs[0]);
  auto* y = static_cast<float*>(call.outputs[0]);
  const float* bias = e.head.bias < 0 ? nullptr : static_cast<const float*>(call.inputs[1 + e.head.bias]);
  const void* operands[kMaxProgramOperands] = {y};
  for (int i = 1; i < e.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  const Range lines = lines_of(call, p.output[0]);
  const int64_t band_first = lines.begin / kSide * s.tiles_x;
  const int64_t tiles = call.line_end ? (lines.end + kSide - 1) / kSide * s.tiles_x - band_first : s.tiles;
  const int64_t columns = (s.panels() + s.column_pieces - 1) / s.column_pieces * 16;
  parallel(call, s.tile_pieces * s.column_pieces, [&](int64_t piece, int) {
    const int64_t down = piece / s.column_pieces, across = piece % s.column_pieces;
    const int64_t begin = piece_begin(tiles, down, s.tile_pieces);
    const int64_t count = piece_begin(tiles, down + 1, s.tile_pieces) - begin;
    const int64_t blocks = (count + s.block - 1) / s.block;
    char* scratch = static_cast<char*>(call.scratch) + static_cast<uint64_t>(piece) * s.piece_bytes;
    Block b{};
    b.column = piece_begin(s.panels(), across, s.column_pieces) * 16;
    b.columns = std::min(piece_begin(s.panels(), across + 1, s.column_pieces) * 16, p.outputs) - b.column;
    b.windows = reinterpret_cast<float*>(scratch);
    b.products = b.windows + kPoints * point_floats(s.block, p.channels);
    void* registers = b.products + kPoints * point_floats(s.block, columns);
    for (int64_t block = 0; block < blocks; block++) {
      b.first = band_first + begin + piece_begin(count, block, blocks);
      b.tiles = band_first + begin + piece_begin(count, block + 1, blocks) - b.first;
      transform_windows(s, x, b);
      multiply(s, b);
      transform_products(s, bias, y, b);
      if (!e.plain) run_epilogue(s, operands, y, b, registers);
    }
  });
  return {};
}

}  // namespace edgert::cpu
