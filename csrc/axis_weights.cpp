#include <algorithm>
#include <cstring>
#include <mutex>

#include "filters.hpp"
#include "fork.hpp"
#include "windows.hpp"

namespace twinlens {
namespace {

// Weights in digits of 8 bits, each from -128 to 127: half a digit more makes each of them a plain byte.
void pack_bytes(const int32_t* __restrict k, int32_t* __restrict out, int64_t n) {
  constexpr uint32_t halves = 0x808080;
  const auto digits = [](int32_t v) { return (static_cast<uint32_t>(v) + halves) ^ halves; };
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t v0 = digits(k[i]), v1 = digits(k[n + i]), v2 = digits(k[2 * n + i]), v3 = digits(k[3 * n + i]);
    const auto join = [&](int by) {
      return static_cast<int32_t>(((v0 >> by) & 0xffU) | (((v1 >> by) & 0xffU) << 8) | (((v2 >> by) & 0xffU) << 16) |
                                  ((v3 >> by) << 24));
    };
    out[i] = join(0);
    out[n + i] = join(8);
    out[2 * n + i] = join(16);
  }
}

// In two: 12 bits, from -2048 to 2047, and what is above them.
inline uint32_t word_of(int32_t k, bool low) {
  const int32_t more = k + 2048;
  return static_cast<uint32_t>(low ? (more & 4095) - 2048 : more >> 12) & 0xffffU;
}

void pack_words(const int32_t* __restrict k, int32_t* __restrict out, int64_t n) {
  for (int64_t plane = 0; plane < 4; ++plane, out += n) {
    const bool low = plane < 2;
    const int32_t *one = k + plane % 2 * n, *two = one + 2 * n;
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<int32_t>(word_of(one[i], low) | (word_of(two[i], low) << 16));
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
  const int32_t* start = a.group_start();
  for (Spread& s : a.spread) {
    const int64_t lowest = std::min(start[0], start[each - 1]);  // they rise, or fall
    s.at = std::min(lowest * pixel, furthest);
    if (!(pixel == 1 ? spread_values(start, s) : spread_pixels(start, pixel, s))) return a.spread.clear();
    start += each;
  }
}

// Taps of outputs whose groups would end behind the source: the groups begin earlier, the taps come later in them.
void shift_taps(AxisWeights& a, int64_t i, int64_t by) {
  int32_t* k = a.k() + i;
  for (int64_t t = a.groups * 4 - 1; t >= 0; --t) k[t * a.stride] = t >= by ? k[(t - by) * a.stride] : 0;
}

void keep_real(AxisWeights& a, const Windows& made) {
  const size_t n = made.outputs;
  a.start.resize(n + 16);
  a.count.resize(n + 16);
  for (size_t i = 0; i < n; ++i) {
    a.start[i] = static_cast<int32_t>(std::min(made.first[i], static_cast<double>(a.axis.in_size - 1)));
    a.count[i] = static_cast<int32_t>(made.count[i]);
  }
  a.w.resize(static_cast<size_t>(a.taps * a.stride));
  for (int64_t t = 0; t < a.taps; ++t) {
    const double* w = made.w.data() + static_cast<size_t>(t) * n;
    double* out = a.w.data() + t * a.stride;
    for (size_t i = 0; i < n; ++i) out[i] = w[i] / made.sum[i];
  }
}

// Quantises to 22 bits and lays the weights out in groups of four taps that lie inside the source. The outputs behind
// the last repeat it.
void quantise(AxisWeights& a, const Windows& made) {
  const int64_t n = a.axis.out_size;
  a.integers.reset(new int32_t[static_cast<size_t>(a.stride * (1 + 8 * a.groups))]);
  for (int64_t t = 0; t < a.taps; ++t) {
    const double *w = made.w.data() + t * n, *sum = made.sum.data();
    int32_t* k = a.k() + t * a.stride;
    for (int64_t i = 0; i < n; ++i) k[i] = quantise22(w[i] / sum[i]);
  }
  std::fill(a.k() + a.taps * a.stride, a.packed(), 0);
  const auto last = static_cast<double>(a.axis.in_size - 1);
  const double last_start = std::max(last + 1 - static_cast<double>(a.groups * 4), 0.0);
  const double* first = made.first.data();
  int32_t* start = a.group_start();
  for (int64_t i = 0; i < n; ++i) start[i] = static_cast<int32_t>(std::min(first[i], last_start));
  const bool mirrored = a.axis.mirrored;  // then the windows at the source's end come first
  for (int64_t i = mirrored ? 0 : n - 1; i >= 0 && i < n && first[i] > last_start; i += mirrored ? 1 : -1)
    shift_taps(a, i, static_cast<int64_t>(std::min(first[i], last)) - start[i]);
  for (int64_t row = 0; row <= a.groups * 4; ++row) {
    int32_t* at = a.integers.get() + row * a.stride;
    std::fill(at + n, at + a.stride, at[n - 1]);
  }
}

void make(AxisWeights& a) {
  thread_local Windows made;  // serves every axis that this thread computes
  compute_windows(a.axis, made);
  a.taps = made.taps;
  a.stride = a.axis.out_size + 16;
  if (a.axis.real) return keep_real(a, made);
  a.groups = (a.taps + 3) / 4;
  quantise(a, made);
  for (int64_t g = 0; g < a.groups; ++g) {
    const int32_t* k = a.k() + g * 4 * a.stride;
    if (a.isa == Isa::avx512) pack_bytes(k, a.packed() + g * 3 * a.stride, a.stride);
    if (a.isa == Isa::avx2) pack_words(k, a.packed() + g * 4 * a.stride, a.stride);
  }
  if (a.isa == Isa::avx512) spread_out(a);
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
    make(*made);
    const std::lock_guard<std::mutex> lock(mutex_);
    slot = made;
    return made;
  }

 private:
  static size_t hash(const Axis& a) {
    uint32_t ends[2];
    std::memcpy(&ends[0], &a.begin, 4);
    std::memcpy(&ends[1], &a.end, 4);
    uint64_t h = static_cast<uint64_t>(a.filter) * 32 + static_cast<uint64_t>(a.pixel) * 4 + (a.real ? 2 : 0) +
                 (a.mirrored ? 1 : 0);
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
