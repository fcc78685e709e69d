// image_decode: there is no image codec here, and placement says so.
#include <cstdio>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

constexpr char kWhy[] = "it needs an image codec, which edgert has not: decode the image and feed its pixels";

int32_t supports_image(const edgert_node*, const edgert_operand*, int32_t, const edgert_operand*, int32_t,
                       char* why, size_t why_bytes) {
  if (why && why_bytes) std::snprintf(why, why_bytes, "%s", kWhy);
  return 0;
}

struct Nothing {};
Status plan_image(const NodeArgs&, edgert_plan&) { return unsupported("%s", kWhy); }
Status run_image(const Nothing&, const edgert_call&) { return unsupported("%s", kWhy); }

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel image_decode_kernel = {sizeof(edgert_kernel), "image_decode", supports_image,
                                                  plan_entry<plan_image>, run_entry<Nothing, run_image>};

}  // namespace edgert
