// The elementary functions of every tier against the correctly rounded results, over dense samples: at most 2
// ulp.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "backends/cpu/micro/map.h"
#include "backends/cpu/micro/micro.h"

namespace {

float from_bits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

double ulps(float got, double exact) {
  const float rounded = static_cast<float>(exact);
  if (std::isnan(rounded)) return std::isnan(got) ? 0 : 1e9;
  if (std::isinf(rounded)) return got == rounded ? 0 : 1e9;
  const double ulp = std::max(std::ldexp(1.0, std::ilogb(rounded == 0 ? 1e-45f : rounded) - 23), 0x1p-149);
  return std::isfinite(got) ? std::fabs(static_cast<double>(got) - rounded) / ulp : 1e9;
}

struct Function {
  const char* name;
  int code;
  double (*exact)(double);
};

const Function kFunctions[] = {
    {"exp", 11, [](double x) { return std::exp(x); }},
    {"log", 12, [](double x) { return std::log(x); }},
    {"expm1", 13, [](double x) { return std::expm1(x); }},
    {"log1p", 14, [](double x) { return std::log1p(x); }},
    {"sin", 15, [](double x) { return std::sin(x); }},
    {"cos", 16, [](double x) { return std::cos(x); }},
    {"tanh", 23, [](double x) { return std::tanh(x); }},
    {"erf", 27, [](double x) { return std::erf(x); }},
    {"sigmoid", 28, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"sqrt", 9, [](double x) { return std::sqrt(x); }},
    {"floor", 6, [](double x) { return std::floor(x); }},
    {"ceil", 5, [](double x) { return std::ceil(x); }},
    {"round", 7, [](double x) { return std::nearbyint(x); }},
    {"trunc", 8, [](double x) { return std::trunc(x); }},
};

// Every `step`-th float of all bit patterns, infinities and NaNs among them.
bool check(const edgert::Micro& micro, const Function& function, uint32_t step) {
  std::vector<float> x, y;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += step)
    x.push_back(from_bits(static_cast<uint32_t>(bits)));
  for (float special : {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, NAN}) x.push_back(special);
  while (x.size() % 16) x.push_back(0.5f);
  y.resize(x.size());
  edgert::TileStep tile{y.data(), x.data(), nullptr, nullptr, nullptr};
  micro.map->functions[function.code](tile, static_cast<int64_t>(x.size()));
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); i++) {
    const double error = ulps(y[i], function.exact(x[i]));
    if (error > worst) worst = error, at = x[i];
  }
  const bool good = worst <= 2;
  std::printf("%-9s %-8s %6.2f ulp at %.9g%s\n", micro.isa, function.name, worst, at, good ? "" : "  FAILED");
  return good;
}

// GELU's error, as a part of its argument: at most an ulp of 1.
bool check_gelu(const edgert::Micro& micro) {
  const float k[] = {0.70710678f, 0.5f};
  double worst = 0;
  bool special = true;
  for (float begin = -8; begin < 8; begin += 16e-3f) {
    float x[16], y[16];
    for (int i = 0; i < 16; i++) x[i] = begin + static_cast<float>(i) * 1e-3f;
    micro.map->functions[edgert::kGelu]({y, x, nullptr, nullptr, k}, 16);
    for (int i = 0; i < 16; i++)
      worst = std::max(worst,
                       std::fabs(y[i] / static_cast<double>(x[i]) - std::erfc(-x[i] / std::sqrt(2.0)) / 2));
  }
  float x[16] = {INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 0}, y[16];
  micro.map->functions[edgert::kGelu]({y, x, nullptr, nullptr, k}, 16);
  special =
      y[0] == INFINITY && std::isnan(y[1]) && std::isnan(y[2]) && y[3] == x[3] && y[4] == 0 && y[5] == 0;
  const bool good = worst <= 0x1p-23 && special;
  std::printf("%-9s gelu     %.1e of x, %s%s\n", micro.isa, worst, special ? "limits right" : "limits wrong",
              good ? "" : "  FAILED");
  return good;
}

}  // namespace

int main() {
  bool good = true;
  for (const char* isa : {"portable", "avx2", "avx512", "neon"})
    if (const edgert::Micro* micro = edgert::find_micro(isa)) {
      for (const Function& function : kFunctions) good &= check(*micro, function, 4099);
      good &= check_gelu(*micro);
    }
  return good ? 0 : 1;
}
