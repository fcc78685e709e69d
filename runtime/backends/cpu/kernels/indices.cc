#include "backends/cpu/kernels/indices.h"

namespace edgert::cpu {

bool all_within(const Indices& indices, int64_t count, int64_t n, int64_t& bad) {
  for (bad = 0; bad < count; bad++) {
    const int64_t index = indices.at(bad);
    if (index < -n || index >= n) return false;
  }
  return true;
}

Status index_error(int64_t index, int64_t n) {
  return error(EDGERT_ERROR_GUARD, "index %lld is out of range, expected %lld to %lld",
               static_cast<long long>(index), static_cast<long long>(-n), static_cast<long long>(n - 1));
}

Status check_tuples(const NdParams& p, const Indices& indices) {
  const int64_t tuples = p.depth ? p.batch * p.count : 0;
  for (int64_t t = 0; t < tuples; t++)
    for (int64_t k = 0; k < p.depth; k++) {
      const int64_t index = indices.at(t * p.depth + k);
      if (index < -p.sizes[k] || index >= p.sizes[k]) return index_error(index, p.sizes[k]);
    }
  return {};
}

int64_t element_offset(const ElementsParams& p, const Indices& indices, int64_t i) {
  int64_t offset = indices.position(i, p.n) * p.axis_stride;
  for (int32_t axis = p.rank - 1; axis >= 0; i /= p.dims[axis--])
    offset += i % p.dims[axis] * p.strides[axis];
  return offset;
}

int64_t tuple_offset(const NdParams& p, const Indices& indices, int64_t t) {
  int64_t offset = p.count ? t / p.count * (p.elements / p.batch) : 0;
  for (int64_t k = 0; k < p.depth; k++)
    offset += indices.position(t * p.depth + k, p.sizes[k]) * p.strides[k];
  return offset;
}

}  // namespace edgert::cpu
