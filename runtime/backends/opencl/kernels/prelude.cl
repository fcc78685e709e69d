// Starts every program: element types, buffers with byte offsets, broadcast walks.

#ifdef EDGE_FP64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

// Work-items along axis 0 walk memory side by side: a vector of them runs as one.
#ifdef cl_intel_vec_len_hint
#define LANES __attribute__((intel_vec_len_hint(16)))
#else
#define LANES
#endif

// A tensor parameter is a buffer and the byte offset of its first element.
#define IN(name) __global const uchar *name##_buffer, const ulong name##_start
#define OUT(name) __global uchar *name##_buffer, const ulong name##_start
#define READ(type, name) __global const type *name = (__global const type *)(name##_buffer + name##_start)
#define WRITE(type, name) __global type *name = (__global type *)(name##_buffer + name##_start)

// load_<dtype> gives element i in its compute type, store_<dtype> rounds once to the storage type.
#define EDGE_PLAIN(dtype, type)                                                                        \
  static inline type load_##dtype(__global const uchar *p, size_t i) { return ((__global const type *)p)[i]; } \
  static inline void store_##dtype(__global uchar *p, size_t i, type v) { ((__global type *)p)[i] = v; }
EDGE_PLAIN(f32, float)
EDGE_PLAIN(i8, char)
EDGE_PLAIN(i16, short)
EDGE_PLAIN(i32, int)
EDGE_PLAIN(i64, long)
EDGE_PLAIN(u8, uchar)
EDGE_PLAIN(u16, ushort)
EDGE_PLAIN(u32, uint)
EDGE_PLAIN(u64, ulong)
#ifdef EDGE_FP64
EDGE_PLAIN(f64, double)
#endif

static inline bool load_bool(__global const uchar *p, size_t i) { return p[i] != 0; }
static inline void store_bool(__global uchar *p, size_t i, bool v) { p[i] = v ? 1 : 0; }

static inline float load_f16(__global const uchar *p, size_t i) { return vload_half(i, (__global const half *)p); }
static inline void store_f16(__global uchar *p, size_t i, float v) { vstore_half_rte(v, i, (__global half *)p); }

static inline float load_bf16(__global const uchar *p, size_t i) {
  return as_float((uint)((__global const ushort *)p)[i] << 16);
}
static inline void store_bf16(__global uchar *p, size_t i, float v) {
  const uint bits = as_uint(v);
  const uint rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  ((__global ushort *)p)[i] = (ushort)(v != v ? 0x7FC0u : rounded);
}

// Positions of a dense index space in a strided tensor: sizes n and element strides s of `rank` axes.
typedef struct {
  int rank;
  int n[12];
  int s[12];
} Walk;

static inline int walk(const Walk *w, int index) {
  int at = 0;
  for (int axis = w->rank - 1; axis >= 0; axis--) {
    const int n = w->n[axis];
    at += (index % n) * w->s[axis];
    index /= n;
  }
  return at;
}

// Tensor values that a kernel refuses (an index out of range): the first node to do so is kept.
static inline void refuse(__global int *flag, int node) { atomic_cmpxchg(flag, 0, node); }
