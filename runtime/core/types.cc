#include "core/types.h"

namespace edgert {
namespace {

static_assert(sizeof(edgert_string) == 16 && sizeof(void*) <= 8);

const DtypeInfo& dtype_info(int32_t dtype) {
  constexpr int32_t count = sizeof kDtypes / sizeof *kDtypes;
  return kDtypes[dtype > 0 && dtype < count ? dtype : 0];
}

}  // namespace

const char* dtype_name(int32_t dtype) { return dtype_info(dtype).name; }

size_t item_size(int32_t dtype) { return dtype_info(dtype).bytes; }

int32_t compute_dtype(int32_t dtype) {
  switch (dtype) {
    case EDGERT_F16:
    case EDGERT_BF16:
    case EDGERT_F8E4M3FN:
    case EDGERT_F8E4M3FNUZ:
    case EDGERT_F8E5M2:
    case EDGERT_F8E5M2FNUZ:
    case EDGERT_F8E8M0:
    case EDGERT_F4E2M1:
    case EDGERT_F6E2M3:
    case EDGERT_F6E3M2: return EDGERT_F32;
    case EDGERT_I4:
    case EDGERT_I2: return EDGERT_I8;
    case EDGERT_U4:
    case EDGERT_U2: return EDGERT_U8;
    default: return dtype;
  }
}

bool product(std::span<const int64_t> dims, int64_t& out) {
  // A zero anywhere makes the product zero, but the rest must not overflow either: strides use it.
  int64_t size = 1;
  bool empty = false;
  for (int64_t d : dims) {
    if (d < 0) return false;
    empty |= d == 0;
    if (d && !multiply(size, d, size)) return false;
  }
  out = empty ? 0 : size;
  return true;
}

std::string shape_text(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); i++) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

}  // namespace edgert
