#include "filters.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "fork.hpp"

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

// Pillow, src/libImaging/Resample.c, precompute_coeffs: everything in float64 but the width of the box. The loops over
// outputs are inside, so that they vectorise; each output still sums its taps in order.
template <typename F>
void compute(AxisWeights& a, F f) {
  const int64_t in = a.axis.in_size, out = a.axis.out_size;
  const float begin = a.axis.begin, end = a.axis.end;
  const double scale = static_cast<double>(end - begin) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0), support = F::support * filter_scale, inverse = 1.0 / filter_scale;
  const auto n = static_cast<size_t>(out);
  a.stride = out + 16;
  a.start.resize(n + 16);
  a.count.resize(n + 16);
  std::vector<double> center(n), sum(n, 0.0), first(n), counts(n);
  for (size_t i = 0; i < n; ++i) {
    center[i] = static_cast<double>(begin) + (static_cast<double>(i) + 0.5) * scale;
    const auto low = std::max<int64_t>(static_cast<int64_t>(center[i] - support + 0.5), 0);
    const auto high = std::min<int64_t>(static_cast<int64_t>(center[i] + support + 0.5), in);
    const int64_t taps = std::max<int64_t>(high - low, 0);
    first[i] = static_cast<double>(low);
    counts[i] = static_cast<double>(taps);
    a.taps = std::max(a.taps, taps);
    a.start[i] = static_cast<int32_t>(std::min(low, in - 1));
    a.count[i] = static_cast<int32_t>(taps);
  }
  a.w.resize(static_cast<size_t>(a.taps * a.stride));
  for (int64_t t = 0; t < a.taps; ++t) {
    double* w = a.w.data() + t * a.stride;
    const auto tap = static_cast<double>(t);
    for (size_t i = 0; i < n; ++i) {
      const double v = f((tap + first[i] - center[i] + 0.5) * inverse);
      w[i] = tap < counts[i] ? v : 0.0;
      sum[i] += w[i];
    }
  }
  for (auto& s : sum) s = s != 0.0 ? s : 1.0;
  for (int64_t t = 0; t < a.taps; ++t) {
    double* w = a.w.data() + t * a.stride;
    for (size_t i = 0; i < n; ++i) w[i] /= sum[i];
  }
}

void compute(AxisWeights& a) {
  switch (a.axis.filter) {
    case Filter::box:
      return compute(a, Box());
    case Filter::bilinear:
      return compute(a, Bilinear());
    case Filter::hamming:
      return compute(a, Hamming());
    case Filter::bicubic:
      return compute(a, Bicubic());
    default:
      return compute(a, Lanczos());
  }
}

void mirror(AxisWeights& a) {
  const auto reverse = [n = a.axis.out_size](auto* row) { std::reverse(row, row + n); };
  reverse(a.start.data());
  reverse(a.count.data());
  for (int64_t t = 0; t < a.taps; ++t) reverse(a.w.data() + t * a.stride);
}

// The low digit in -2^(bits-1) .. 2^(bits-1) - 1 of k, and what is left of k without it.
inline int32_t low_digit(int32_t k, int bits) {
  const int32_t half = 1 << (bits - 1);
  return ((k + half) & ((1 << bits) - 1)) - half;
}

inline int32_t rest(int32_t k, int bits) { return (k - low_digit(k, bits)) / (1 << bits); }

inline uint32_t byte_of(int32_t k, int digit) {
  const int32_t second = rest(k, 8);
  const int32_t value = digit == 0 ? low_digit(k, 8) : digit == 1 ? low_digit(second, 8) : rest(second, 8);
  return static_cast<uint32_t>(value) & 0xffU;
}

inline uint32_t word_of(int32_t k, int digit) {
  return static_cast<uint32_t>(digit == 0 ? low_digit(k, 12) : rest(k, 12)) & 0xffffU;
}

void pack_bytes(AxisWeights& a) {
  const auto n = static_cast<size_t>(a.stride);
  a.bytes.resize(static_cast<size_t>(a.groups) * 3 * n);
  for (size_t g = 0; g < static_cast<size_t>(a.groups); ++g) {
    const int32_t* k = a.k.data() + g * 4 * n;
    for (int digit = 0; digit < 3; ++digit) {
      int32_t* out = a.bytes.data() + (g * 3 + static_cast<size_t>(digit)) * n;
      for (size_t i = 0; i < n; ++i)
        out[i] = static_cast<int32_t>(byte_of(k[i], digit) | (byte_of(k[n + i], digit) << 8) |
                                      (byte_of(k[2 * n + i], digit) << 16) | (byte_of(k[3 * n + i], digit) << 24));
    }
  }
}

void pack_words(AxisWeights& a) {
  const auto n = static_cast<size_t>(a.stride);
  a.words.resize(static_cast<size_t>(a.groups) * 4 * n);
  for (size_t g = 0; g < static_cast<size_t>(a.groups); ++g) {
    const int32_t* k = a.k.data() + g * 4 * n;
    for (size_t plane = 0; plane < 4; ++plane) {
      const int digit = plane < 2 ? 0 : 1;
      const size_t tap = plane % 2;
      int32_t* out = a.words.data() + (g * 4 + plane) * n;
      for (size_t i = 0; i < n; ++i)
        out[i] = static_cast<int32_t>(word_of(k[tap * n + i], digit) | (word_of(k[(tap + 2) * n + i], digit) << 16));
    }
  }
}

// The taps of one lane: those of four outputs, or of the channels of one. False
// where they do not fit.
bool spread_lane(const AxisWeights& a, const int32_t* start, int64_t lane, Spread& s) {
  const int64_t pixel = a.axis.pixel, channels = pixel == 3 ? 3 : 4;
  const int64_t first = pixel == 1 ? *std::min_element(start, start + 4) : *start;
  const int64_t dword = (first * pixel - s.at) / 4;
  uint8_t* picks = s.picks + lane * 16;
  std::memset(picks, 0x80, 16);
  for (int64_t i = 0; i < 4; ++i) s.dwords[lane * 4 + i] = static_cast<int32_t>(std::min<int64_t>(dword + i, 15));
  for (int64_t i = 0; i < channels; ++i) {
    const int64_t at = pixel == 1 ? start[i] : start[0] * pixel + i, offset = at - s.at - dword * 4;
    const int64_t end = offset + 3 * pixel;
    if (end > 15 || dword * 4 + end > 63) return false;
    for (int64_t t = 0; t < 4; ++t) picks[i * 4 + t] = static_cast<uint8_t>(offset + t * pixel);
  }
  return true;
}

bool spread_block(const AxisWeights& a, size_t first, Spread& s) {
  const int64_t pixel = a.axis.pixel, each = pixel == 1 ? 4 : 1;
  const int32_t* start = a.group_start.data() + first;
  const int64_t furthest = a.axis.in_size * pixel - 64 - (a.groups - 1) * 4 * pixel;
  if (furthest < 0) return false;
  s.at = std::min(*std::min_element(start, start + 4 * each) * pixel, furthest);
  for (int64_t lane = 0; lane < 4; ++lane)
    if (!spread_lane(a, start + lane * each, lane, s)) return false;
  return true;
}

void spread_out(AxisWeights& a) {
  const auto step = static_cast<size_t>(a.axis.pixel == 1 ? 16 : 4), n = static_cast<size_t>(a.axis.out_size);
  if (a.axis.pixel != 1 && a.axis.pixel != 3 && a.axis.pixel != 4) return;
  a.spread.resize((n + step - 1) / step);
  for (size_t i = 0; i < a.spread.size(); ++i) {
    if (!spread_block(a, i * step, a.spread[i])) return a.spread.clear();
  }
}

// Quantises to 22 bits and lays the weights out in groups of four taps that lie inside the source.
void quantise(AxisWeights& a) {
  const int64_t out = a.axis.out_size;
  a.groups = (a.taps + 3) / 4;
  const int64_t last_start = std::max<int64_t>(a.axis.in_size - a.groups * 4, 0);
  a.group_start.resize(static_cast<size_t>(a.stride));
  a.k.assign(static_cast<size_t>(a.stride * a.groups * 4), 0);
  for (int64_t i = 0; i < out; ++i) {
    const int64_t start = a.start[static_cast<size_t>(i)], first = std::min(start, last_start);
    a.group_start[static_cast<size_t>(i)] = static_cast<int32_t>(first);
    int32_t* k = a.k.data() + (start - first) * a.stride + i;
    for (int64_t t = 0; t < a.count[static_cast<size_t>(i)]; ++t) k[t * a.stride] = quantise22(a.weight(i, t));
  }
  for (int64_t i = out; i < a.stride; ++i) {
    a.group_start[static_cast<size_t>(i)] = a.group_start[static_cast<size_t>(out - 1)];
    for (int64_t t = 0; t < a.groups * 4; ++t)
      a.k[static_cast<size_t>(t * a.stride + i)] = a.k[static_cast<size_t>(t * a.stride + out - 1)];
  }
  if (a.isa == Isa::avx512) {
    pack_bytes(a);
    spread_out(a);
  }
  if (a.isa == Isa::avx2) pack_words(a);
}

// One entry a slot: a picture's two axes are found again as long as no other axis takes their slots.
class Cache {
 public:
  std::shared_ptr<const AxisWeights> get(const Axis& axis, Isa isa) {
    auto& slot = slots_[hash(axis) % kSlots];
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (slot != nullptr && slot->axis == axis && slot->isa == isa) return slot;
    }
    auto made = std::make_shared<AxisWeights>();
    made->axis = axis;
    made->isa = isa;
    compute(*made);
    if (axis.mirrored) mirror(*made);
    quantise(*made);
    const std::lock_guard<std::mutex> lock(mutex_);
    slot = made;
    return made;
  }

 private:
  static size_t hash(const Axis& a) {
    uint32_t ends[2];
    std::memcpy(&ends[0], &a.begin, 4);
    std::memcpy(&ends[1], &a.end, 4);
    uint64_t h = static_cast<uint64_t>(a.filter) * 16 + static_cast<uint64_t>(a.pixel) * 2 + (a.mirrored ? 1 : 0);
    for (const uint64_t part : {static_cast<uint64_t>(a.in_size), static_cast<uint64_t>(a.out_size),
                                static_cast<uint64_t>(ends[0]), static_cast<uint64_t>(ends[1])})
      h = (h ^ part) * 0x9E3779B97F4A7C15U;
    return static_cast<size_t>(h >> 40);
  }

  static constexpr size_t kSlots = 512;
  std::mutex mutex_;
  std::shared_ptr<const AxisWeights> slots_[kSlots];
};

}  // namespace

std::shared_ptr<const AxisWeights> axis_weights(const Axis& axis, Isa isa) {
  return PerProcess<Cache>::get().get(axis, isa);
}

}  // namespace twinlens
