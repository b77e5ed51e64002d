#include "noise.hpp"

#include <cmath>

#include "sampling.hpp"

namespace twinlens {
namespace {

double horner(const double (&k)[8], double r) {
  double sum = k[7];
  for (int i = 6; i >= 0; --i) sum = sum * r + k[i];
  return sum;
}

// Wichura, "Algorithm AS 241: The percentage points of the normal distribution" (1988), PPND16, for 0.5 < p < 1 -
// 1e-11.
double normal_quantile(double p) {
  constexpr double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                           1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                           3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr double b[8] = {1.0,
                           4.2313330701600911252e+1,
                           6.8718700749205790830e+2,
                           5.3941960214247511077e+3,
                           2.1213794301586595867e+4,
                           3.9307895800092710610e+4,
                           2.8729085735721942674e+4,
                           5.2264952788528545610e+3};
  constexpr double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                           3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[8] = {1.0,
                           2.05319162663775882187e0,
                           1.67638483018380384940e0,
                           6.89767334985100004550e-1,
                           1.48103976427480074590e-1,
                           1.51986665636164571966e-2,
                           5.47593808499534494600e-4,
                           1.05075007164441684324e-9};
  const double q = p - 0.5;
  if (q <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * horner(a, r) / horner(b, r);
  }
  const double r = std::sqrt(-portable_log(1.0 - p)) - 1.6;
  return horner(c, r) / horner(d, r);
}

struct Normals {
  alignas(64) float at[kNormals];

  Normals() {
    for (int64_t i = 0; i < kNormals; ++i) {
      const double z = normal_quantile(0.5 + (static_cast<double>(i) + 0.5) / 65536.0);
      at[i] = static_cast<float>(std::rint(z * 1048576.0) / 1048576.0);
    }
  }
};

}  // namespace

const float* normal_quantiles() {
  static const Normals normals;
  return normals.at;
}

}  // namespace twinlens
