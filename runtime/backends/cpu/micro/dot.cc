#include "backends/cpu/micro/dot.h"

#include "backends/cpu/simd/dot.h"

namespace edgert::EDGERT_TIER {

constexpr int kVectors = 16 / W;  // of a panel
constexpr int kGroupBytes = 64;   // four channels of a panel, or the sums at its beginning

template <int Rows, int Panels>
struct DotBlock {
  const uint8_t* const* rows;  // the first of them, of the first tap
  int64_t row_step;            // between taps
  const int8_t* panel;
  int64_t panel_bytes;
  dot_sums sums[Rows][Panels * kVectors];
};

template <int Rows, int Panels>
static inline dot_weights weights_of(const DotBlock<Rows, Panels>& b, int v, int group) {
  const int8_t* at = b.panel + v / kVectors * b.panel_bytes + group * kGroupBytes;
  return prepare_weights(load((const int32_t*)at + v % kVectors * W));
}

// One group: the weights stay, rows come one by one.
template <int Rows, int Panels, class Load>
static inline void multiply_group(DotBlock<Rows, Panels>& b, Load&& load_row) {
  dot_weights w[Panels * kVectors];
#pragma GCC unroll 32
  for (int v = 0; v < Panels * kVectors; v++) w[v] = weights_of(b, v, 0);
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++) {
    const dot_bytes x = load_row(r);
#pragma GCC unroll 32
    for (int v = 0; v < Panels * kVectors; v++) b.sums[r][v] = multiply_add<0>(x, w[v], b.sums[r][v]);
  }
  b.panel += kGroupBytes;
}

// Several groups of which a register holds each row's: rows stay, weights come one by one.
template <int Group, int Rows, int Panels>
static inline void multiply_groups(DotBlock<Rows, Panels>& b, const dot_bytes (&x)[Rows]) {
#pragma GCC unroll 32
  for (int v = 0; v < Panels * kVectors; v++) {
    const dot_weights w = weights_of(b, v, Group);
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) b.sums[r][v] = multiply_add<Group>(x[r], w, b.sums[r][v]);
  }
  if constexpr (Group + 1 < kDotGroups) multiply_groups<Group + 1>(b, x);
}

template <uint32_t Flip, int Rows, int Panels>
static inline void multiply_taps(const DotTile& t, DotBlock<Rows, Panels>& b) {
  const int64_t whole = t.channels / 4 * 4;
  for (int64_t tap = 0; tap < t.taps; tap++) {
    const uint8_t* a[Rows];
#pragma GCC unroll 32
    for (int r = 0; r < Rows; r++) a[r] = b.rows[tap * b.row_step + r];
    int64_t c = 0;
    if constexpr (kDotGroups > 1)
      for (; c + kDotGroups * 4 <= whole; c += kDotGroups * 4) {
        dot_bytes x[Rows];
#pragma GCC unroll 32
        for (int r = 0; r < Rows; r++) x[r] = load_groups(a[r] + c, Flip);
        multiply_groups<0>(b, x);
        b.panel += kDotGroups * kGroupBytes;
      }
    for (; c < whole; c += 4) multiply_group(b, [&](int r) { return load_group(a[r] + c, Flip); });
    if (c < t.channels) multiply_group(b, [&](int r) { return load_group(a[r] + c, Flip, t.channels - c); });
  }
}

// Where a block of sums goes: rows from `row` on, one panel from `column` on.
struct DotPlace {
  int64_t row, column;
  const int32_t* weight_sums;
  const int32_t* sums;  // rows of `stride`
  int64_t stride;
};

static inline void store_lanes(const DotTile& t, i32 sum, f32 scale, int64_t at, int lanes) {
  if (t.result == DotResult::kSums) return store((float*)t.out + at, (f32)sum, lanes);
  const f32 y = to_f32(sum) * scale;
  if (t.result == DotResult::kFloat) return store((float*)t.out + at, y, lanes);
  const f32 whole = min(splat(t.high), max(splat(t.low), round(y) + splat(t.zero)));
  const bytes_of_lanes bytes = low_bytes(to_i32(whole));
  if (lanes == W) memcpy((uint8_t*)t.out + at, &bytes, W);
  else memcpy((uint8_t*)t.out + at, &bytes, (size_t)lanes);
}

// Rows of bytes of the other kind are 128 away from what they stand for: so many times the weights' sums.
static void store_panel(const DotTile& t, const DotPlace& p, int rows) {
  const int32_t away = t.is_signed == kDotSigned ? 0 : kDotSigned ? 128 : -128;
  for (int v = 0; v < kVectors; v++) {
    const int64_t at = p.column + v * W, left = t.columns - at;
    if (left <= 0) break;
    const int lanes = left < W ? (int)left : W;
    i32 offset = load(p.weight_sums + v * W) * away;
    if (t.offset) offset += (i32)load((const float*)t.offset + at, lanes);
    const f32 scale = t.scale ? load(t.scale + at, lanes) : f32{};
    for (int r = 0; r < rows; r++)
      store_lanes(t, load(p.sums + r * p.stride + v * W) + offset, scale, (p.row + r) * t.out_stride + at,
                  lanes);
  }
}

template <int Rows, int Panels>
static inline void store_block(const DotTile& t, const DotBlock<Rows, Panels>& b, const int8_t* first,
                               int64_t row, int64_t column) {
  int32_t sums[Rows][Panels * 16];
#pragma GCC unroll 32
  for (int r = 0; r < Rows; r++)
#pragma GCC unroll 32
    for (int v = 0; v < Panels * kVectors; v++) store(sums[r] + v * W, total(b.sums[r][v]));
  for (int i = 0; i < Panels && column < t.columns; i++, column += 16, first += b.panel_bytes)
    store_panel(t, {row, column, (const int32_t*)first, sums[0] + i * 16, Panels * 16}, Rows);
}

template <uint32_t Flip, int Rows, int Panels>
static void multiply_columns(const DotTile& t, int64_t row, int row_count, int64_t column) {
  const int64_t bytes = kGroupBytes * (1 + t.taps * ((t.channels + 3) / 4));
  for (; t.columns - column > (Panels - 1) * 16; column += Panels * 16) {
    const int8_t* first = t.panels + column / 16 * bytes;
    DotBlock<Rows, Panels> b = {t.rows + row, row_count, first + kGroupBytes, bytes, {}};
    multiply_taps<Flip>(t, b);
    store_block(t, b, first, row, column);
  }
  if constexpr (Panels > 1)
    if (column < t.columns) multiply_columns<Flip, Rows, Panels / 2>(t, row, row_count, column);
}

template <uint32_t Flip, int Rows>
static void multiply_rows(const DotTile& t, int64_t row, int row_count) {
  for (; row + Rows <= row_count; row += Rows) multiply_columns<Flip, Rows, kDotPanels>(t, row, row_count, 0);
  if constexpr (Rows > 1)
    if (row < row_count) multiply_rows<Flip, Rows / 2>(t, row, row_count);
}

static void run(const DotTile& t, int row_count) {
  if (t.is_signed == kDotSigned) multiply_rows<0, kDotRows>(t, 0, row_count);
  else multiply_rows<0x80808080u, kDotRows>(t, 0, row_count);
}

extern const DotMicro dot_micro;
const DotMicro dot_micro = {kDotRows, run};

}  // namespace edgert::EDGERT_TIER
