#include "sampling.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "philox.hpp"

namespace twinlens {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;

double power_of_two(int64_t n) {  // 2^n for normal results
  const uint64_t bits = static_cast<uint64_t>(n + 1023) << 52;
  double v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

double uniform(uint64_t key, uint64_t stream, uint32_t draw) { return uniform53(draw_block(key, stream, draw)); }

int64_t below(double u, int64_t n) { return static_cast<int64_t>(u * static_cast<double>(n)); }

}  // namespace

double portable_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 700.0) x = 700.0;
  if (x < -700.0) x = -700.0;
  const double n = std::floor(x * 1.44269504088896338700 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1.0;  // Taylor: |r| <= 0.35, 0.35^18 / 18! < 1e-24
  for (int k = 18; k >= 1; --k) sum = 1.0 + sum * r / k;
  return sum * power_of_two(static_cast<int64_t>(n));
}

double portable_log(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof x);
  auto n = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffULL) | (uint64_t{1023} << 52);
  double m;
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    ++n;
  }
  // log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + r)), s = f / (2 + f), r = 2 s^2 / 3 + 2 s^4 / 5 + ... (fdlibm, e_log.c):
  // the large term f is exact.
  const double f = m - 1.0, s = f / (2.0 + f), s2 = s * s, half = 0.5 * f * f;
  double sum = 0.0;
  for (int k = 27; k >= 3; k -= 2) sum = 2.0 / k + s2 * sum;
  const auto e = static_cast<double>(n);
  return e * kLn2High - ((half - (s * (half + s2 * sum) + e * kLn2Low)) - f);
}

void resized_crop(uint64_t key, uint64_t stream, int64_t h, int64_t w, const double scale[2], const double ratio[2],
                  int64_t* yxhw) {
  const double area = static_cast<double>(h * w);
  const double log0 = portable_log(ratio[0]), log1 = portable_log(ratio[1]);
  uint32_t draw = 0;
  for (int attempt = 0; attempt < 10; ++attempt, draw += 4) {
    const double target = area * (scale[0] + uniform(key, stream, draw) * (scale[1] - scale[0]));
    const double aspect = portable_exp(log0 + uniform(key, stream, draw + 1) * (log1 - log0));
    const auto cw = static_cast<int64_t>(std::nearbyint(std::sqrt(target * aspect)));
    const auto ch = static_cast<int64_t>(std::nearbyint(std::sqrt(target / aspect)));
    if (cw <= 0 || cw > w || ch <= 0 || ch > h) continue;
    yxhw[0] = below(uniform(key, stream, draw + 2), h - ch + 1);
    yxhw[1] = below(uniform(key, stream, draw + 3), w - cw + 1);
    yxhw[2] = ch;
    yxhw[3] = cw;
    return;
  }
  const double in_ratio = static_cast<double>(w) / static_cast<double>(h);
  int64_t ch = h, cw = w;
  if (in_ratio < ratio[0]) {
    ch = std::max<int64_t>(static_cast<int64_t>(std::nearbyint(static_cast<double>(w) / ratio[0])), 1);
  } else if (in_ratio > ratio[1]) {
    cw = std::max<int64_t>(static_cast<int64_t>(std::nearbyint(static_cast<double>(h) * ratio[1])), 1);
  }
  yxhw[0] = (h - ch) / 2;
  yxhw[1] = (w - cw) / 2;
  yxhw[2] = ch;
  yxhw[3] = cw;
}

}  // namespace twinlens
