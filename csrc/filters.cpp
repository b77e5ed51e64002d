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

// Weights in digits of 8 bits, each from -128 to 127: half a digit more makes each of them a plain byte.
void pack_bytes(AxisWeights& a) {
  constexpr uint32_t halves = 0x808080;
  const auto n = static_cast<size_t>(a.stride);
  a.bytes.resize(static_cast<size_t>(a.groups) * 3 * n);
  for (size_t g = 0; g < static_cast<size_t>(a.groups); ++g) {
    const int32_t* k = a.k.data() + g * 4 * n;
    int32_t* out = a.bytes.data() + g * 3 * n;
    for (size_t i = 0; i < n; ++i) {
      uint32_t v[4];
      for (size_t t = 0; t < 4; ++t) v[t] = (static_cast<uint32_t>(k[t * n + i]) + halves) ^ halves;
      for (size_t digit = 0; digit < 3; ++digit) {
        const size_t by = 8 * digit;
        out[digit * n + i] = static_cast<int32_t>(((v[0] >> by) & 0xffU) | (((v[1] >> by) & 0xffU) << 8) |
                                                  (((v[2] >> by) & 0xffU) << 16) | ((v[3] >> by) << 24));
      }
    }
  }
}

// In two: 12 bits, from -2048 to 2047, and what is above them.
inline uint32_t word_of(int32_t k, bool low) {
  const int32_t more = k + 2048;
  return static_cast<uint32_t>(low ? (more & 4095) - 2048 : more >> 12) & 0xffffU;
}

void pack_words(AxisWeights& a) {
  const auto n = static_cast<size_t>(a.stride);
  a.words.resize(static_cast<size_t>(a.groups) * 4 * n);
  for (size_t g = 0; g < static_cast<size_t>(a.groups); ++g) {
    const int32_t* k = a.k.data() + g * 4 * n;
    for (size_t plane = 0; plane < 4; ++plane) {
      const bool low = plane < 2;
      const size_t tap = plane % 2;
      int32_t* out = a.words.data() + (g * 4 + plane) * n;
      for (size_t i = 0; i < n; ++i)
        out[i] = static_cast<int32_t>(word_of(k[tap * n + i], low) | (word_of(k[(tap + 2) * n + i], low) << 16));
    }
  }
}

// Four taps of each channel side by side, from bytes that begin `offset` in: 0 where there is no channel.
struct Picks {
  uint8_t of[4][16];
  explicit Picks(int pixel) {
    for (int offset = 0; offset < 4; ++offset)
      for (int i = 0; i < 16; ++i)
        of[offset][i] = static_cast<uint8_t>(i / 4 < pixel ? offset + i / 4 + (i % 4) * pixel : 0x80);
  }
};

// One lane's place: 16 bytes from a multiple of four on. False where what it needs, `bytes` from `first` on, is not all
// in them, or not in the block.
inline bool place_lane(Spread& s, int64_t lane, int64_t first, int64_t bytes) {
  const int64_t from = first - s.at, dword = from / 4;
  for (int64_t i = 0; i < 4; ++i) s.dwords[lane * 4 + i] = static_cast<int32_t>(dword + i < 15 ? dword + i : 15);
  return from % 4 + bytes <= 16 && from + bytes <= 64;
}

bool spread_pixels(const int32_t* start, int64_t pixel, Spread& s) {
  static const Picks three(3), four(4);
  const Picks& picks = pixel == 3 ? three : four;
  for (int64_t lane = 0; lane < 4; ++lane) {
    const int64_t first = start[lane] * pixel;
    if (!place_lane(s, lane, first, 4 * pixel)) return false;
    std::memcpy(s.picks + lane * 16, picks.of[(first - s.at) % 4], 16);
  }
  return true;
}

bool spread_values(const int32_t* start, Spread& s) {
  for (int64_t lane = 0; lane < 4; ++lane, start += 4) {
    const int64_t first = *std::min_element(start, start + 4), last = *std::max_element(start, start + 4);
    if (!place_lane(s, lane, first, last - first + 4)) return false;
    const int64_t begin = s.at + (first - s.at) / 4 * 4;
    for (int64_t i = 0; i < 16; ++i) s.picks[lane * 16 + i] = static_cast<uint8_t>(start[i / 4] - begin + i % 4);
  }
  return true;
}

void spread_out(AxisWeights& a) {
  const int64_t pixel = a.axis.pixel, each = pixel == 1 ? 16 : 4, n = a.axis.out_size;
  const int64_t furthest = a.axis.in_size * pixel - 64 - (a.groups - 1) * 4 * pixel;
  if ((pixel != 1 && pixel != 3 && pixel != 4) || furthest < 0) return;
  a.spread.resize(static_cast<size_t>((n + each - 1) / each));
  const int32_t* start = a.group_start.data();
  for (Spread& s : a.spread) {
    const int64_t lowest = std::min(start[0], start[each - 1]);  // they rise, or fall
    s.at = std::min(lowest * pixel, furthest);
    if (!(pixel == 1 ? spread_values(start, s) : spread_pixels(start, pixel, s))) return a.spread.clear();
    start += each;
  }
}

// Taps of outputs whose groups would end behind the source: the groups begin earlier, the taps come later in them.
void shift_taps(AxisWeights& a, int64_t i, int64_t by) {
  int32_t* k = a.k.data() + i;
  for (int64_t t = a.groups * 4 - 1; t >= 0; --t) k[t * a.stride] = t >= by ? k[(t - by) * a.stride] : 0;
}

// Quantises to 22 bits and lays the weights out in groups of four taps that lie inside the source.
void quantise(AxisWeights& a) {
  const int64_t out = a.axis.out_size;
  a.groups = (a.taps + 3) / 4;
  const int64_t last_start = std::max<int64_t>(a.axis.in_size - a.groups * 4, 0);
  a.group_start.resize(static_cast<size_t>(a.stride));
  a.k.resize(static_cast<size_t>(a.stride * a.groups * 4));
  for (int64_t t = 0; t < a.taps; ++t) {
    const double* w = a.w.data() + t * a.stride;
    int32_t* k = a.k.data() + t * a.stride;
    for (int64_t i = 0; i < out; ++i) k[i] = quantise22(w[i]);
  }
  for (int64_t i = 0; i < out; ++i) {
    const int32_t start = a.start[static_cast<size_t>(i)];
    a.group_start[static_cast<size_t>(i)] = std::min(start, static_cast<int32_t>(last_start));
    if (start > last_start) shift_taps(a, i, start - last_start);
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
