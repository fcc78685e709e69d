// Chooses the ISA tier. EDGERT_HAS_<TIER> says which tiers the build has.
#include "backends/cpu/isa.h"

#include <cstdlib>
#include <cstring>
#include <string>

#if (defined(__arm__) || defined(__aarch64__)) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(EDGERT_HAS_AVX2) || defined(EDGERT_HAS_AVX512)
#include <cpuid.h>
#endif

#include "backends/cpu/micro/micro.h"

namespace edgert {

#if defined(EDGERT_HAS_PORTABLE)
namespace portable {
extern const Micro table;
}
#endif
#if defined(EDGERT_HAS_AVX2)
namespace avx2 {
extern const Micro table;
}
#endif
#if defined(EDGERT_HAS_AVX512)
namespace avx512 {
extern const Micro table;
}
#endif
#if defined(EDGERT_HAS_NEON)
namespace neon {
extern const Micro table;
}
#endif
#if defined(EDGERT_HAS_AVX512VNNI)
namespace avx512vnni {
extern const DotMicro dot_micro;
}
#endif
#if defined(EDGERT_HAS_NEONDOT)
namespace neondot {
extern const DotMicro dot_micro;
}
#endif

// A tier but for its products of bytes.
[[maybe_unused]] static Micro with_dot(const char* isa, const Micro& tier, const DotMicro* dot) {
  Micro made = tier;
  made.isa = isa;
  made.dot = dot;
  return made;
}

#if defined(EDGERT_HAS_AVX2) || defined(EDGERT_HAS_AVX512)
namespace {

// What the CPU has and the system keeps the registers of. The compiler's own answer takes 5 kB: it knows
// every feature.
struct Features {
  bool avx2 = false, avx512 = false, vnni = false;
};

Features ask_cpu() {
  constexpr unsigned kAvx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
  constexpr unsigned kState = 0x06, kState512 = 0xe6;  // of vectors of 32 bytes, of 64
  unsigned a, b, c, d, state, high;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_FMA)) return {};
  asm("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (state & kState) != kState || !(b & bit_AVX2)) return {};
  const bool avx512 = (state & kState512) == kState512 && (b & kAvx512) == kAvx512;
  return {true, avx512, avx512 && (c & bit_AVX512VNNI)};
}

const Features& features() {
  static const Features found = ask_cpu();
  return found;
}

}  // namespace
#endif

#if defined(EDGERT_HAS_NEON)
// Every 64-bit ARM has it; the 32-bit tier is built for NEON with VFPv4.
static bool has_neon() {
#if defined(__arm__) && defined(__linux__)
  const unsigned long wanted = HWCAP_NEON | HWCAP_VFPv4;
  return (getauxval(AT_HWCAP) & wanted) == wanted;
#else
  return true;
#endif
}
#endif

#if defined(EDGERT_HAS_NEONDOT)
static bool has_dot_products() {
#if defined(__linux__)
  return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#else
  return false;
#endif
}
#endif

const Micro* find_micro(const char* isa) {
#if defined(EDGERT_HAS_AVX512VNNI)
  static const Micro vnni = with_dot("avx512vnni", avx512::table, &avx512vnni::dot_micro);
  if (!std::strcmp(isa, vnni.isa)) return features().vnni ? &vnni : nullptr;
#endif
#if defined(EDGERT_HAS_AVX512) && defined(EDGERT_HAS_AVX2)
  // Few CPUs have it and not VNNI.
  static const Micro avx512 = with_dot("avx512", avx512::table, avx2::table.dot);
  if (!std::strcmp(isa, avx512.isa)) return features().avx512 ? &avx512 : nullptr;
#elif defined(EDGERT_HAS_AVX512)
  if (!std::strcmp(isa, "avx512")) return features().avx512 ? &avx512::table : nullptr;
#endif
#if defined(EDGERT_HAS_AVX2)
  if (!std::strcmp(isa, "avx2")) return features().avx2 ? &avx2::table : nullptr;
#endif
#if defined(EDGERT_HAS_NEONDOT)
  static const Micro neondot = with_dot("neondot", neon::table, &neondot::dot_micro);
  if (!std::strcmp(isa, neondot.isa)) return has_dot_products() ? &neondot : nullptr;
#endif
#if defined(EDGERT_HAS_NEON)
  if (!std::strcmp(isa, "neon")) return has_neon() ? &neon::table : nullptr;
#endif
#if defined(EDGERT_HAS_PORTABLE)
  if (!std::strcmp(isa, "portable")) return &portable::table;
#endif
  return nullptr;
}

namespace {

constexpr const char* kTiers[] = {"avx512vnni", "avx512", "avx2",
                                  "neondot",    "neon",   "portable"};  // the first that there is is taken

// What runs no session: where a build has no tier that the machine runs.
constexpr Micro kNone = [] {
  Micro none{};
  none.isa = "none";
  return none;
}();

const char* forced_isa() {
  const char* forced = std::getenv("EDGERT_ISA");
  return forced && *forced ? forced : nullptr;
}

}  // namespace

const Micro& micro() {
  if (const char* forced = forced_isa())
    if (const Micro* found = find_micro(forced)) return *found;
  for (const char* isa : kTiers)
    if (const Micro* found = find_micro(isa)) return *found;
  return kNone;
}

std::string isa_problem() {
  const char* forced = forced_isa();
  if (&micro() == &kNone) return "this build has no inner loops for this CPU";
  if (!forced || find_micro(forced)) return {};
  std::string known;
  for (const char* isa : kTiers)
    if (find_micro(isa)) known += (known.empty() ? "" : ", ") + std::string(isa);
  return "EDGERT_ISA is '" + std::string(forced).substr(0, 40) +
         "', expected one of those that this build and CPU have: " + known;
}

const char* isa_name() { return micro().isa; }

}  // namespace edgert
