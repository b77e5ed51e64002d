#include "filters.hpp"

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>

#include "fork.hpp"

namespace twinlens {
namespace {

constexpr double kPi = 3.14159265358979323846;

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= kPi;
  return std::sin(x) / x * (static_cast<double>(0.54F) + static_cast<double>(0.46F) * std::cos(x));
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

struct Shape {
  double (*f)(double);
  double support;
};

Shape shape_of(Filter filter) {
  switch (filter) {
    case Filter::box: return {box, 0.5};
    case Filter::bilinear: return {bilinear, 1.0};
    case Filter::hamming: return {hamming, 1.0};
    case Filter::bicubic: return {bicubic, 2.0};
    default: return {lanczos, 3.0};
  }
}

// Pillow, src/libImaging/Resample.c, precompute_coeffs: everything in float64 but the width of the box.
void compute(AxisWeights& a) {
  const auto [filter, in, out, begin, end] = a.axis;
  const Shape shape = shape_of(filter);
  const double scale = static_cast<double>(end - begin) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0), support = shape.support * filter_scale, inverse = 1.0 / filter_scale;
  a.taps = std::min(in, static_cast<int64_t>(std::ceil(support)) * 2 + 1);
  a.start.resize(static_cast<size_t>(out));
  a.count.resize(static_cast<size_t>(out));
  a.w.assign(static_cast<size_t>(out * a.taps), 0.0);
  for (int64_t i = 0; i < out; ++i) {
    const double center = static_cast<double>(begin) + (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
    const auto last = std::min<int64_t>(static_cast<int64_t>(center + support + 0.5), in);
    const int64_t n = std::max<int64_t>(last - first, 0);
    double* w = a.w.data() + i * a.taps;
    double sum = 0.0;
    for (int64_t x = 0; x < n; ++x) {
      w[x] = shape.f((static_cast<double>(x + first) - center + 0.5) * inverse);
      sum += w[x];
    }
    for (int64_t x = 0; x < n && sum != 0.0; ++x) w[x] /= sum;
    a.start[static_cast<size_t>(i)] = static_cast<int32_t>(std::min(first, in - 1));
    a.count[static_cast<size_t>(i)] = static_cast<int32_t>(n);
  }
}

int32_t balanced(int32_t& k, int bits) {  // the low digit in -2^(bits-1) .. 2^(bits-1) - 1, taken off k
  const int32_t half = 1 << (bits - 1);
  const int32_t digit = ((k + half) & ((1 << bits) - 1)) - half;
  k = (k - digit) / (1 << bits);
  return digit;
}

int32_t word(int32_t low, int32_t high) {  // two int16, the first in the low half
  return static_cast<int32_t>((static_cast<uint32_t>(low) & 0xffffU) | (static_cast<uint32_t>(high) << 16));
}

void pack_group(AxisWeights& a, int64_t g, int64_t i, const int32_t* k) {
  uint32_t byte[3] = {0, 0, 0};
  int32_t low[4], high[4];
  for (int t = 0; t < 4; ++t) {
    int32_t rest = k[t];
    for (auto& b : byte) {
      const int32_t digit = &b == &byte[2] ? rest : balanced(rest, 8);
      b |= (static_cast<uint32_t>(digit) & 0xffU) << (8 * t);
    }
    high[t] = k[t];
    low[t] = balanced(high[t], 12);
  }
  for (int64_t p = 0; p < 3; ++p) a.bytes[static_cast<size_t>((g * 3 + p) * a.stride + i)] = static_cast<int32_t>(byte[p]);
  const int32_t words[4] = {word(low[0], low[2]), word(low[1], low[3]), word(high[0], high[2]), word(high[1], high[3])};
  for (int64_t p = 0; p < 4; ++p) a.words[static_cast<size_t>((g * 4 + p) * a.stride + i)] = words[p];
}

// Quantises to 22 bits and lays the weights out in groups of four taps that lie inside the source.
void quantise(AxisWeights& a) {
  const int64_t out = a.axis.out_size;
  a.groups = (*std::max_element(a.count.begin(), a.count.end()) + 3) / 4;
  a.stride = out + 16;
  const int64_t width = a.groups * 4, last_start = std::max<int64_t>(a.axis.in_size - width, 0);
  a.group_start.resize(static_cast<size_t>(a.stride));
  a.k.assign(static_cast<size_t>(a.stride * width), 0);
  a.bytes.resize(static_cast<size_t>(a.groups * 3 * a.stride));
  a.words.resize(static_cast<size_t>(a.groups * 4 * a.stride));
  for (int64_t i = 0; i < a.stride; ++i) {
    const int64_t from = std::min(i, out - 1);
    const int64_t start = a.start[static_cast<size_t>(from)], first = std::min(start, last_start);
    a.group_start[static_cast<size_t>(i)] = static_cast<int32_t>(first);
    int32_t* k = a.k.data() + i * width;
    for (int64_t t = 0; t < a.count[static_cast<size_t>(from)]; ++t) {
      k[start - first + t] = quantise22(a.w[static_cast<size_t>(from * a.taps + t)]);
    }
    for (int64_t g = 0; g < a.groups; ++g) pack_group(a, g, i, k + g * 4);
  }
}

class Cache {
 public:
  std::shared_ptr<const AxisWeights> get(const Axis& axis) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto it = entries_.begin(); it != entries_.end(); ++it) {
        if (!((*it)->axis == axis)) continue;
        entries_.splice(entries_.begin(), entries_, it);
        return entries_.front();
      }
    }
    auto made = std::make_shared<AxisWeights>();
    made->axis = axis;
    compute(*made);
    quantise(*made);
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_front(made);
    if (entries_.size() > kEntries) entries_.pop_back();
    return made;
  }

 private:
  static constexpr size_t kEntries = 32;
  std::mutex mutex_;
  std::list<std::shared_ptr<const AxisWeights>> entries_;
};

}  // namespace

std::shared_ptr<const AxisWeights> axis_weights(const Axis& axis) { return PerProcess<Cache>::get().get(axis); }

}  // namespace twinlens
