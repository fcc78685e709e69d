#include "backends/cpu/kernels/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/kernel.h"
#include "backends/cpu/kernels/transpose4.h"

namespace edgert::cpu {
namespace {

constexpr int64_t kTile = 32;                // edge of a transposed block, elements
constexpr int64_t kParallelBytes = 1 << 16;  // less than this is copied by one thread

struct Bytes16 {
  uint64_t low, high;
};

void drop(StridedCopy& copy, int32_t axis) {
  for (int32_t i = axis; i + 1 < copy.rank; i++) {
    copy.size[i] = copy.size[i + 1];
    copy.from_stride[i] = copy.from_stride[i + 1];
    copy.to_stride[i] = copy.to_stride[i + 1];
  }
  copy.rank--;
}

template <class T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
void store(char* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

template <class T>
void copy_row(const char* from, char* to, int64_t n, int64_t from_stride, int64_t to_stride) {
  if (from_stride == 0 && to_stride == sizeof(T)) {
    const T value = load<T>(from);
    for (int64_t i = 0; i < n; i++) store<T>(to + i * int64_t{sizeof(T)}, value);
  } else if (to_stride == sizeof(T)) {
    for (int64_t i = 0; i < n; i++) store<T>(to + i * int64_t{sizeof(T)}, load<T>(from + i * from_stride));
  } else {
    for (int64_t i = 0; i < n; i++) store<T>(to + i * to_stride, load<T>(from + i * from_stride));
  }
}

// to[r][c] = from[c][r] for N columns, each contiguous: planes of an image into pixels.
template <class T, int N>
void interleave(const char* from, char* to, int64_t rows, int64_t plane) {
  constexpr int64_t item = sizeof(T);
  for (int64_t r = 0; r < rows; r++)
    for (int c = 0; c < N; c++) store<T>(to + (r * N + c) * item, load<T>(from + c * plane + r * item));
}

// Whether it is such a copy of 2 to 4 planes, done.
template <class T>
bool interleaved(const char* from, char* to, const int64_t size[2], const int64_t from_stride[2],
                 const int64_t to_stride[2]) {
  const int64_t item = sizeof(T);
  if (from_stride[0] != item || to_stride[1] != item || to_stride[0] != size[1] * item) return false;
  switch (size[1]) {
    case 2: return interleave<T, 2>(from, to, size[0], from_stride[1]), true;
    case 3: return interleave<T, 3>(from, to, size[0], from_stride[1]), true;
    case 4: return interleave<T, 4>(from, to, size[0], from_stride[1]), true;
    default: return false;
  }
}

// from is contiguous along rows of the other axis: to[r][c] = from[c][r], tile by tile.
template <class T>
void copy_transposed(const char* from, char* to, const int64_t size[2], const int64_t from_stride[2],
                     const int64_t to_stride[2]) {
  const bool fours = sizeof(T) == 4 && from_stride[0] == 4 && to_stride[1] == 4;
  for (int64_t r0 = 0; r0 < size[0]; r0 += kTile) {
    const int64_t r1 = std::min(size[0], r0 + kTile);
    for (int64_t c0 = 0; c0 < size[1]; c0 += kTile) {
      const int64_t c1 = std::min(size[1], c0 + kTile);
      const int64_t whole = fours ? c0 + (c1 - c0) / 4 * 4 : c0;
      int64_t r = r0;
      for (; fours && r + 4 <= r1; r += 4) {
        for (int64_t c = c0; c < whole; c += 4)
          transpose4(from + r * 4 + c * from_stride[1], to + r * to_stride[0] + c * 4, from_stride[1],
                     to_stride[0]);
        for (int64_t i = r; i < r + 4; i++)
          copy_row<T>(from + i * 4 + whole * from_stride[1], to + i * to_stride[0] + whole * 4, c1 - whole,
                      from_stride[1], 4);
      }
      for (; r < r1; r++)
        copy_row<T>(from + r * from_stride[0] + c0 * from_stride[1],
                    to + r * to_stride[0] + c0 * to_stride[1], c1 - c0, from_stride[1], to_stride[1]);
    }
  }
}

template <class T>
void copy_plane(const char* from, char* to, const int64_t size[2], const int64_t from_stride[2],
                const int64_t to_stride[2]) {
  if (interleaved<T>(from, to, size, from_stride, to_stride)) return;
  if (from_stride[1] > from_stride[0] && from_stride[0] > 0 && size[0] > 1 && size[1] > 1)
    return copy_transposed<T>(from, to, size, from_stride, to_stride);
  for (int64_t r = 0; r < size[0]; r++)
    copy_row<T>(from + r * from_stride[0], to + r * to_stride[0], size[1], from_stride[1], to_stride[1]);
}

void copy_runs(const char* from, char* to, const int64_t size[2], const int64_t from_stride[2],
               const int64_t to_stride[2], int64_t unit) {
  for (int64_t r = 0; r < size[0]; r++)
    for (int64_t c = 0; c < size[1]; c++)
      std::memcpy(to + r * to_stride[0] + c * to_stride[1], from + r * from_stride[0] + c * from_stride[1],
                  static_cast<size_t>(unit));
}

void plane(const char* from, char* to, const int64_t size[2], const int64_t from_stride[2],
           const int64_t to_stride[2], int64_t unit) {
  switch (unit) {
    case 1: return copy_plane<uint8_t>(from, to, size, from_stride, to_stride);
    case 2: return copy_plane<uint16_t>(from, to, size, from_stride, to_stride);
    case 4: return copy_plane<uint32_t>(from, to, size, from_stride, to_stride);
    case 8: return copy_plane<uint64_t>(from, to, size, from_stride, to_stride);
    case 16: return copy_plane<Bytes16>(from, to, size, from_stride, to_stride);
    default: return copy_runs(from, to, size, from_stride, to_stride, unit);
  }
}

// A transpose walks the axis along which `from` is dense together with the one along which `to` is:
// bring it next to the innermost axis.
void pair_axes(StridedCopy& copy) {
  const int32_t last = copy.rank - 1;
  if (last < 1 || copy.from_stride[last] == copy.unit) return;
  for (int32_t i = 0; i < last; i++) {
    if (copy.from_stride[i] != copy.unit) continue;
    const int64_t size = copy.size[i], to = copy.to_stride[i];
    drop(copy, i);
    copy.size[last] = copy.size[last - 1];
    copy.from_stride[last] = copy.from_stride[last - 1];
    copy.to_stride[last] = copy.to_stride[last - 1];
    copy.size[last - 1] = size;
    copy.from_stride[last - 1] = copy.unit;
    copy.to_stride[last - 1] = to;
    copy.rank++;
    return;
  }
}

}  // namespace

void simplify(StridedCopy& copy) {
  for (int32_t i = copy.rank - 1; i >= 0; i--)
    if (copy.size[i] == 1) drop(copy, i);
  for (int32_t i = copy.rank - 2; i >= 0; i--) {
    if (copy.from_stride[i] != copy.from_stride[i + 1] * copy.size[i + 1] ||
        copy.to_stride[i] != copy.to_stride[i + 1] * copy.size[i + 1])
      continue;
    copy.size[i] *= copy.size[i + 1];
    copy.from_stride[i] = copy.from_stride[i + 1];
    copy.to_stride[i] = copy.to_stride[i + 1];
    drop(copy, i + 1);
  }
  if (copy.rank > 0) {
    const int32_t last = copy.rank - 1;
    if (copy.from_stride[last] == copy.unit && copy.to_stride[last] == copy.unit) {
      copy.unit *= copy.size[last];
      copy.rank--;
    }
  }
  pair_axes(copy);
}

int64_t copied_bytes(const StridedCopy& copy) {
  int64_t bytes = copy.unit;
  for (int32_t i = 0; i < copy.rank; i++) bytes *= copy.size[i];
  return bytes;
}

void run_copy(const StridedCopy& copy, const void* from, void* to) {
  int64_t size[2] = {1, 1}, from_stride[2] = {0, 0}, to_stride[2] = {0, 0};
  const int32_t inner = std::min(copy.rank, 2), outer = copy.rank - inner;
  for (int32_t i = 0; i < inner; i++) {
    size[2 - inner + i] = copy.size[outer + i];
    from_stride[2 - inner + i] = copy.from_stride[outer + i];
    to_stride[2 - inner + i] = copy.to_stride[outer + i];
  }
  if (copied_bytes(copy) == 0) return;
  const char* source = static_cast<const char*>(from);
  char* target = static_cast<char*>(to);
  int64_t index[EDGERT_MAX_RANK] = {};
  for (;;) {
    plane(source, target, size, from_stride, to_stride, copy.unit);
    int32_t axis = outer - 1;
    for (; axis >= 0; axis--) {
      source += copy.from_stride[axis];
      target += copy.to_stride[axis];
      if (++index[axis] < copy.size[axis]) break;
      source -= copy.from_stride[axis] * copy.size[axis];
      target -= copy.to_stride[axis] * copy.size[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

void run_copy(const StridedCopy& copy, const void* from, void* to, const edgert_call& call) {
  const int64_t bytes = copied_bytes(copy);
  if (call.threads <= 1 || bytes < kParallelBytes) return run_copy(copy, from, to);
  const char* source = static_cast<const char*>(from);
  char* target = static_cast<char*>(to);
  if (copy.rank == 0) {
    parallel(call, call.threads, [&](int64_t i, int32_t) {
      const int64_t begin = piece_begin(copy.unit, i, call.threads);
      std::memcpy(target + begin, source + begin,
                  static_cast<size_t>(piece_begin(copy.unit, i + 1, call.threads) - begin));
    });
    return;
  }
  const int32_t axis = static_cast<int32_t>(std::max_element(copy.size, copy.size + copy.rank) - copy.size);
  const int64_t count = std::min<int64_t>(call.threads, copy.size[axis]);
  parallel(call, count, [&](int64_t i, int32_t) {
    const int64_t begin = piece_begin(copy.size[axis], i, count);
    StridedCopy part = copy;
    part.size[axis] = piece_begin(copy.size[axis], i + 1, count) - begin;
    run_copy(part, source + begin * copy.from_stride[axis], target + begin * copy.to_stride[axis]);
  });
}

}  // namespace edgert::cpu
