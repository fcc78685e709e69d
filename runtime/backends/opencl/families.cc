#include "backends/opencl/launch.h"

namespace edgert::cl {

#define EDGERT_OPENCL_FAMILY(stem) extern const Family stem##_family;
#include "backends/opencl/kernels.def"
#undef EDGERT_OPENCL_FAMILY

namespace {

const Family* const kFamilies[] = {
#define EDGERT_OPENCL_FAMILY(stem) &stem##_family,
#include "backends/opencl/kernels.def"
#undef EDGERT_OPENCL_FAMILY
};

}  // namespace

const Family* find_family(std::string_view op) {
  for (const Family* family : kFamilies)
    if (op == family->op) return family;
  return nullptr;
}

}  // namespace edgert::cl
