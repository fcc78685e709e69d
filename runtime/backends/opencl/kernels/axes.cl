// Kernels over a set of axes. A result is made by one work-item, or by a group of GROUP that share the
// elements and join their parts in a tree.
#define AXES                                                                                       \
  const int results, const int outer_count, const int inner, const int stride, const Walk kept_walk, \
      const Walk outer_walk

#if GROUP > 1
#define RESULT ((int)get_group_id(0))
#define LANE ((int)get_local_id(0))
#else
#define RESULT ((int)get_global_id(0))
#define LANE 0
#endif

// For every element of the result that this work-item has: `at` is its place, `number` its number.
#define EACH(base, at, number)                                             \
  for (int o_ = 0; o_ < outer_count; o_++)                                 \
    for (int i_ = LANE, at = (base) + walk(&outer_walk, o_) + i_ * stride, number = o_ * inner + i_; i_ < inner; \
         i_ += GROUP, at += GROUP * stride, number += GROUP)

// Joins the parts of a group in local memory `parts` (PARTS of the type): `join` is an expression of a and
// b. Every item gets the whole.
#if GROUP > 1
#define PARTS(type, parts) __local type parts[GROUP]
#define JOIN_PARTS(type, parts, value, join)                   \
  do {                                                         \
    parts[LANE] = value;                                       \
    for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {       \
      barrier(CLK_LOCAL_MEM_FENCE);                            \
      if (LANE < half_) {                                      \
        const type a = parts[LANE], b = parts[LANE + half_];   \
        parts[LANE] = join;                                    \
      }                                                        \
    }                                                          \
    barrier(CLK_LOCAL_MEM_FENCE);                              \
    value = parts[0];                                          \
    barrier(CLK_LOCAL_MEM_FENCE);                              \
  } while (0)
#else
#define PARTS(type, parts)
#define JOIN_PARTS(type, parts, value, join)
#endif
