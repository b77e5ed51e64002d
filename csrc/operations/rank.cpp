#include "../rank.hpp"

#include <cstring>
#include <limits>

#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kMaxSize = 255, kNetworks = 7, kSpans = 4, kMostLevels = 8;

void median_row(const RankKernels& k, int64_t size, const uint8_t* const* rows, const MedianRow& row, uint8_t* sorted,
                uint8_t* dst) {
  k.median_u8(size, rows, row, sorted, dst);
}

void median_row(const RankKernels& k, int64_t size, const uint16_t* const* rows, const MedianRow& row, uint16_t* sorted,
                uint16_t* dst) {
  k.median_u16(size, rows, row, sorted, dst);
}

void median_row(const RankKernels& k, int64_t size, const float* const* rows, const MedianRow& row, float* sorted,
                float* dst) {
  k.median_f32(size, rows, row, sorted, dst);
}

void extreme_row(const RankKernels& k, const uint8_t* const* taps, int64_t count, int64_t n, bool largest,
                 uint8_t* dst) {
  k.extreme_u8(taps, count, n, largest, dst);
}

void extreme_row(const RankKernels& k, const uint16_t* const* taps, int64_t count, int64_t n, bool largest,
                 uint16_t* dst) {
  k.extreme_u16(taps, count, n, largest, dst);
}

void extreme_row(const RankKernels& k, const float* const* taps, int64_t count, int64_t n, bool largest, float* dst) {
  k.extreme_f32(taps, count, n, largest, dst);
}

template <typename T>
const T* row_of(const View& v, int64_t y) {
  return reinterpret_cast<const T*>(v.data + y * v.sy);
}

template <typename T>
T* writable_row(const View& v, int64_t y) {
  return reinterpret_cast<T*>(v.data + y * v.sy);
}

int64_t clamped(int64_t y, int64_t h) { return y < 0 ? 0 : y < h ? y : h - 1; }

// The smallest power of two from n on.
int64_t power_from(int64_t n) {
  int64_t p = 1;
  while (p < n) p *= 2;
  return p;
}

// The last `count` rows of a picture, with a border of `left` and `right` pixels, and room for `levels` - 1 more rows
// beside each.
template <typename T>
struct Rows {
  Rows(const View& v, int64_t count, int64_t left_, int64_t right_, int64_t levels_, Arena& arena)
      : src(v),
        slots(power_from(count)),
        left(left_),
        right(right_),
        levels(levels_),
        stride((v.w + left + right) * v.c) {
    memory = arena.take_array<T>(static_cast<size_t>(slots * levels * stride));
  }
  T* at(int64_t y) const { return memory + (y & (slots - 1)) * levels * stride; }
  // Copies the row, with `outside` around it, or with the pixels at its ends where that is null.
  void fetch(int64_t y, const T* outside) {
    const int64_t c = src.c, n = src.w * c;
    const T* from = row_of<T>(src, y);
    T* to = at(y);
    std::memcpy(to + left * c, from, static_cast<size_t>(n) * sizeof(T));
    repeat(outside, from, left, to);
    repeat(outside, from + n - c, right, to + left * c + n);
  }
  // `count` pixels: of `outside`, or copies of the pixel.
  void repeat(const T* outside, const T* pixel, int64_t count, T* to) const {
    for (int64_t i = 0; i < count; ++i, to += src.c)
      for (int64_t c = 0; c < src.c; ++c) to[c] = outside != nullptr ? *outside : pixel[c];
  }

  const View& src;
  int64_t slots, left, right, levels, stride;
  T* memory;
};

// By networks. Columns, and what they are sorted to at the borders, begin at multiples of a register.
template <typename T>
void median_of(const View& src, const View& dst, const Args& a, Arena& arena) {
  const Scratch scratch(arena);
  constexpr auto kRegister = static_cast<int64_t>(64 / sizeof(T));
  const int64_t size = a[1], reach = size / 2, border = reach * src.c, n = src.w * src.c;
  const auto whole = [](int64_t samples) { return (samples + kRegister - 1) / kRegister * kRegister; };
  const MedianRow row{n, src.c, whole(border) + whole(n + border)};
  T* sorted = arena.take_array<T>(static_cast<size_t>(size * row.stride)) + whole(border) - border;
  const T* rows[kNetworks];
  const RankKernels& kernels = TWL_KERNELS(rank);
  for (int64_t y = 0; y < src.h; ++y) {
    for (int64_t r = 0; r < size; ++r) rows[r] = row_of<T>(src, clamped(y + r - reach, src.h));
    median_row(kernels, size, rows, row, sorted, writable_row<T>(dst, y));
  }
}

void median_by_counts(const View& src, const View& dst, const Args& a, Arena& arena) {
  const Scratch scratch(arena);
  const int64_t size = a[1], reach = size / 2;
  Rows<uint8_t> kept(src, size, reach, reach, 1, arena);
  const auto** rows = arena.take_array<const uint8_t*>(static_cast<size_t>(size));
  const RankKernels& kernels = TWL_KERNELS(rank);
  int64_t next = 0;
  for (int64_t y = 0; y < src.h; ++y) {
    for (; next < src.h && next <= y + reach; ++next) kept.fetch(next, nullptr);
    for (int64_t r = 0; r < size; ++r) rows[r] = kept.at(clamped(y + r - reach, src.h));
    kernels.median_counted(size, rows, src.w * src.c, src.c, writable_row<uint8_t>(dst, y));
  }
}

bool rectangular(const Args& a) {
  for (int64_t r = 0; r < a[3]; ++r)
    if (a[kSpans + 2 * r] != 0 || a[kSpans + 2 * r + 1] != a[2]) return false;
  return true;
}

template <typename T>
T never_wins(bool largest) {
  using Limits = std::numeric_limits<T>;
  if (Limits::has_infinity) return largest ? -Limits::infinity() : Limits::infinity();
  return largest ? Limits::lowest() : Limits::max();
}

// The largest power of two up to n has this exponent.
int64_t exponent_of(int64_t n) {
  int64_t p = 0;
  while (n >> (p + 1) != 0) ++p;
  return p;
}

// Extremes of runs of pixels along a row: level p, the row p * stride behind it, holds those of 2^p. Any longer run is
// two that overlap.
template <typename T>
struct Runs {
  const RankKernels& kernels;
  bool largest;
  int64_t levels, stride, c;

  void fill(T* row) const {
    for (int64_t p = 1; p < levels; ++p) {
      const T* shorter = row + (p - 1) * stride;
      const T* taps[] = {shorter, shorter + (c << (p - 1))};
      extreme_row(kernels, taps, 2, stride - ((int64_t{1} << p) - 1) * c, largest, row + p * stride);
    }
  }
  // Adds those of the run from pixel `begin` up to `end` to taps; returns how many there are then.
  int64_t add(const T* row, int64_t begin, int64_t end, const T** taps, int64_t count) const {
    if (levels == 1) {
      for (int64_t x = begin; x < end; ++x) taps[count++] = row + x * c;
      return count;
    }
    if (begin == end) return count;
    const int64_t p = exponent_of(end - begin), last = end - (int64_t{1} << p);
    taps[count++] = row + p * stride + begin * c;
    if (last != begin) taps[count++] = row + p * stride + last * c;
    return count;
  }
};

// How many levels of runs pay: one, where there are few pixels to compare anyway. A level costs three passes of a row,
// and its use two a row of the element.
int64_t levels_of(const Args& a, bool whole) {
  int64_t most = 1, pixels = 0;
  for (int64_t r = 0; r < a[3]; ++r) {
    const int64_t n = a[kSpans + 2 * r + 1] - a[kSpans + 2 * r];
    if (n > most) most = n;
    pixels += n;
  }
  const int64_t above = exponent_of(most), rows = whole ? 1 : a[3];
  return (whole ? most : pixels) <= 2 * rows + 3 * above ? 1 : 1 + above;
}

template <typename T>
void extreme_of(const View& src, const View& dst, const Args& a, Arena& arena) {
  const Scratch scratch(arena);
  const bool largest = a[1] != 0, whole = rectangular(a);
  const int64_t columns = a[2], rows = a[3], above = rows / 2, n = src.w * src.c;
  const T outside = never_wins<T>(largest);
  const int64_t levels = levels_of(a, whole);
  Rows<T> kept(src, rows, columns / 2, columns - 1 - columns / 2, whole ? 1 : levels, arena);
  const Runs<T> runs{TWL_KERNELS(rank), largest, levels, kept.stride, src.c};
  T* down = arena.take_array<T>(static_cast<size_t>(whole ? levels * kept.stride : 1));
  const auto** taps = arena.take_array<const T*>(static_cast<size_t>(2 * rows + kMostLevels * 3));
  int64_t next = 0;
  for (int64_t y = 0; y < src.h; ++y) {
    for (; next < src.h && next <= y + rows - 1 - above; ++next) {
      kept.fetch(next, &outside);
      if (!whole) runs.fill(kept.at(next));
    }
    int64_t count = 0;
    for (int64_t r = 0; r < rows; ++r) {
      if (!in_range(y + r - above, 0, src.h - 1)) continue;
      const T* row = kept.at(y + r - above);
      if (whole)
        taps[count++] = row;
      else
        count = runs.add(row, a[kSpans + 2 * r], a[kSpans + 2 * r + 1], taps, count);
    }
    if (whole) {
      extreme_row(runs.kernels, taps, count, kept.stride, largest, down);
      runs.fill(down);
      count = runs.add(down, 0, columns, taps, 0);
    }
    extreme_row(runs.kernels, taps, count, n, largest, writable_row<T>(dst, y));
  }
}

void check_median(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "median: takes uint8, uint16 and float32");
  require(in_range(a[1], 3, now.dtype == DType::u8 ? kMaxSize : kNetworks) && a[1] % 2 == 1,
          "median: the size is even or out of range");
  require(now.w <= kMaxResult && now.c <= kMaxResult, "median: rows are too long");
}

void check_morphology(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "morphology: takes uint8, uint16 and float32");
  require(in_range(a[1], 0, 1), "morphology: unknown kind");
  require(in_range(a[2], 1, kMaxSize) && in_range(a[3], 1, kMaxSize), "morphology: a size is out of range");
  require(a.op.int_count >= kSpans + 2 * a[3], "morphology: too few spans");
  require(now.w <= kMaxResult && now.c <= kMaxResult, "morphology: rows are too long");
  for (int64_t r = 0; r < a[3]; ++r)
    require(a[kSpans + 2 * r] >= 0 && in_range(a[kSpans + 2 * r + 1], a[kSpans + 2 * r], a[2]),
            "morphology: a span is out of range");
  const int64_t centre = kSpans + 2 * (a[3] / 2);
  require(a[centre] <= a[2] / 2 && a[2] / 2 < a[centre + 1], "morphology: the element is without its centre");
}

void do_median(State& s, const Args& a, bool last) {
  const DType t = s.now.dtype;
  run_filter(s, a, last,
             a[1] > kNetworks  ? median_by_counts
             : t == DType::u8  ? median_of<uint8_t>
             : t == DType::u16 ? median_of<uint16_t>
                               : median_of<float>);
}

void do_morphology(State& s, const Args& a, bool last) {
  const DType t = s.now.dtype;
  run_filter(s, a, last,
             t == DType::u8    ? extreme_of<uint8_t>
             : t == DType::u16 ? extreme_of<uint16_t>
                               : extreme_of<float>);
}

}  // namespace

// size: odd; above 7 for uint8 alone
const Operation median = {2, 0, check_median, do_median};

// dilate, columns, rows, then begin and end of each row of the element, which lies around size / 2
const Operation morphology = {kSpans, 0, check_morphology, do_morphology};

}  // namespace twinlens::operations
