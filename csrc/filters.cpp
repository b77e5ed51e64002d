#include "windows.hpp"

#include <algorithm>
#include <cmath>

namespace twinlens {
namespace {

constexpr double kPi = 3.14159265358979323846;

struct Box {
  static constexpr double support = 0.5;
  double operator()(double x) const { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }
};

struct Bilinear {
  static constexpr double support = 1.0;
  double operator()(double x) const {
    x = std::fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
  }
};

struct Hamming {
  static constexpr double support = 1.0;
  double operator()(double x) const {
    x = std::fabs(x);
    if (x == 0.0) return 1.0;
    if (x >= 1.0) return 0.0;
    x *= kPi;
    return std::sin(x) / x * (static_cast<double>(0.54F) + static_cast<double>(0.46F) * std::cos(x));
  }
};

struct Bicubic {
  static constexpr double support = 2.0;
  double operator()(double x) const {
    constexpr double a = -0.5;
    x = std::fabs(x);
    const double inner = ((a + 2.0) * x - (a + 3.0)) * x * x + 1, outer = (((x - 5) * x + 8) * x - 4) * a;
    return x < 1.0 ? inner : x < 2.0 ? outer : 0.0;
  }
};

struct Lanczos {
  static constexpr double support = 3.0;
  static double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= kPi;
    return std::sin(x) / x;
  }
  double operator()(double x) const { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }
};

// Room for n numbers; what was in it may stay.
double* room(std::vector<double>& v, size_t n) {
  if (v.size() < n) v.resize(n);
  return v.data();
}

// Where the windows lie. Numbers up to 2^30 are exact in float64, and cut off before they become integers of 32 bits.
void place(const Axis& axis, double support, double scale, Windows& out) {
  const auto n = static_cast<int32_t>(axis.out_size);
  const auto begin = static_cast<double>(axis.begin), in = static_cast<double>(axis.in_size);
  const double from = axis.mirrored ? static_cast<double>(n - 1) : 0.0, step = axis.mirrored ? -1.0 : 1.0;
  double *center = room(out.center, out.outputs), *first = room(out.first, out.outputs);
  double* count = room(out.count, out.outputs);
  double most = 0.0;
  for (int32_t i = 0; i < n; ++i) {
    center[i] = begin + ((from + step * static_cast<double>(i)) + 0.5) * scale;
    const double low = center[i] - support + 0.5, high = center[i] + support + 0.5;
    const auto x0 = static_cast<int32_t>(low < 0.0 ? 0.0 : low), x1 = static_cast<int32_t>(high > in ? in : high);
    first[i] = static_cast<double>(x0);
    count[i] = static_cast<double>(x1 < x0 ? 0 : x1 - x0);
  }
  for (int32_t i = 0; i < n; ++i) most = std::max(most, count[i]);
  out.taps = static_cast<int64_t>(most);
}

// Pillow, src/libImaging/Resample.c, precompute_coeffs: everything in float64 but the width of the box. The loops over
// outputs are inside, so that they vectorise; each output still sums its taps in order.
template <typename F>
void compute(const Axis& axis, Windows& out, F f) {
  const double scale = static_cast<double>(axis.end - axis.begin) / static_cast<double>(axis.out_size);
  const double filter_scale = std::max(scale, 1.0), inverse = 1.0 / filter_scale;
  const size_t n = out.outputs = static_cast<size_t>(axis.out_size);
  place(axis, F::support * filter_scale, scale, out);
  double *sum = room(out.sum, n), *w = room(out.w, n * static_cast<size_t>(out.taps));
  const double *center = out.center.data(), *first = out.first.data(), *count = out.count.data();
  std::fill(sum, sum + n, 0.0);
  for (int64_t t = 0; t < out.taps; ++t, w += n) {
    const auto tap = static_cast<double>(t);
    for (size_t i = 0; i < n; ++i) {
      const double v = f((tap + first[i] - center[i] + 0.5) * inverse);
      w[i] = tap < count[i] ? v : 0.0;
      sum[i] += w[i];
    }
  }
  for (size_t i = 0; i < n; ++i) sum[i] = sum[i] != 0.0 ? sum[i] : 1.0;
}

}  // namespace

double filter_support(Filter filter) {
  switch (filter) {
    case Filter::box:
      return Box::support;
    case Filter::bilinear:
      return Bilinear::support;
    case Filter::hamming:
      return Hamming::support;
    case Filter::bicubic:
      return Bicubic::support;
    default:
      return Lanczos::support;
  }
}

void compute_windows(const Axis& axis, Windows& out) {
  switch (axis.filter) {
    case Filter::box:
      return compute(axis, out, Box());
    case Filter::bilinear:
      return compute(axis, out, Bilinear());
    case Filter::hamming:
      return compute(axis, out, Hamming());
    case Filter::bicubic:
      return compute(axis, out, Bicubic());
    default:
      return compute(axis, out, Lanczos());
  }
}

}  // namespace twinlens
