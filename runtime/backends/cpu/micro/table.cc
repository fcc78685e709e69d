// The table of one tier.
#include "backends/cpu/micro/micro.h"
#include "backends/cpu/simd/simd.h"

namespace edgert::EDGERT_TIER {

// Null where a build leaves the family out.
#define EDGERT_MICRO(family, type) [[gnu::weak, gnu::visibility("hidden")]] extern const type family##_micro;
#include "backends/cpu/micro/families.def"
#undef EDGERT_MICRO

extern const Micro table;
const Micro table = {
    EDGERT_TEXT(EDGERT_TIER),
    W,
#define EDGERT_MICRO(family, type) &family##_micro,
#include "backends/cpu/micro/families.def"
#undef EDGERT_MICRO
};

}  // namespace edgert::EDGERT_TIER
