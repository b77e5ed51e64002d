#include "operations.hpp"

#include <cmath>

#include "../blur.hpp"
#include "../copy.hpp"
#include "../filter2d.hpp"

namespace twinlens::operations {
namespace {

enum class Kind : int64_t { sharpness = 0, gaussian = 1, real = 2, box = 3, filter2d = 4 };

constexpr double kMaxFactor = 1e6;
constexpr int64_t kMaxTaps = int64_t{1} << 15, kMaxSide = 1024, kMaxBits = 20;
constexpr int64_t kFixedHead = 6, kSizesHead = 4;  // integers before the weights

void check_sharpness(const Args& a, const View& now) {
  require(in_range(a[2], 0, now.c), "convolve: more channels kept than there are");
  require(a.op.real_count == 1 && a.reals[0] >= 0 && a.reals[0] <= kMaxFactor, "convolve: sharpness out of range");
}

void check_sizes(const Args& a, const View& now) {
  require(a.op.int_count >= kSizesHead && in_range(a[2], 1, kMaxTaps) && in_range(a[3], 1, kMaxTaps),
          "convolve: kernel sizes below 1 or too large");
  require(now.w <= kMaxResult && now.c <= kMaxResult, "convolve: rows are too long");
}

void check_weights(const int64_t* w, int64_t n, int64_t sum) {
  int64_t total = 0;
  for (int64_t i = 0; i < n; ++i) {
    require(in_range(w[i], 0, sum), "convolve: a weight is out of range");
    total += w[i];
  }
  require(total == sum, "convolve: weights do not sum to one");
}

void check_gaussian(const Args& a, const View& now) {
  check_sizes(a, now);
  const int64_t nx = a[2], ny = a[3];
  require(a.op.int_count >= kFixedHead + nx + ny, "convolve: too few weights");
  require(now.dtype != DType::f32, "convolve: fixed weights are for integers");
  require(in_range(a[4], 1, now.dtype == DType::u8 ? kMaxBits : 16) && in_range(a[5], 0, 1), "convolve: unknown form");
  check_weights(a.ints + kFixedHead, nx, int64_t{1} << a[4]);
  check_weights(a.ints + kFixedHead + nx, ny, int64_t{1} << a[4]);
}

void check_real(const Args& a, const View& now) {
  check_sizes(a, now);
  require(now.dtype == DType::f32, "convolve: real weights are for float32");
  require(a.op.real_count >= a[2] + a[3], "convolve: too few weights");
  for (int64_t i = 0; i < a[2] + a[3]; ++i)
    require(std::abs(a.reals[i]) <= kMaxFactor, "convolve: a weight is out of range");
}

void check_filter2d(const Args& a, const View& now) {
  check_sizes(a, now);
  require(a[2] <= kMaxSide && a[3] <= kMaxSide, "convolve: the kernel is too large");
  require(a.op.real_count >= a[2] * a[3], "convolve: too few weights");
  for (int64_t i = 0; i < a[2] * a[3]; ++i)
    require(std::abs(a.reals[i]) <= kMaxFactor, "convolve: a weight is out of range");
}

void check_convolve(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "convolve: takes uint8, uint16 and float32");
  switch (static_cast<Kind>(a[1])) {
    case Kind::sharpness:
      return check_sharpness(a, now);
    case Kind::gaussian:
      return check_gaussian(a, now);
    case Kind::real:
      return check_real(a, now);
    case Kind::box:
      return check_sizes(a, now);
    case Kind::filter2d:
      return check_filter2d(a, now);
  }
  refuse("convolve: unknown kind");
}

bool mirrored(const int64_t* w, int64_t n) {
  for (int64_t i = 0; i < n / 2; ++i)
    if (w[i] != w[n - 1 - i]) return false;
  return n % 2 == 1;
}

void gaussian(const View& src, const View& dst, const Args& a, Arena& arena) {
  const Separable<int64_t> taps{a[2], a[3], a.ints + kFixedHead, a.ints + kFixedHead + a[2]};
  blur_fixed(src, dst, taps, a[4], a[5] != 0, mirrored(taps.x, taps.nx) && mirrored(taps.y, taps.ny), arena);
}

// An interleaved picture, or one plane.
void filter(const View& src, const View& dst, const Args& a, Arena& arena) {
  switch (static_cast<Kind>(a[1])) {
    case Kind::sharpness:
      return sharpness(src, dst, a.reals[0]);
    case Kind::gaussian:
      return gaussian(src, dst, a, arena);
    case Kind::real:
      return blur_real(src, dst, {a[2], a[3], a.reals, a.reals + a[2]}, arena);
    case Kind::box:
      return blur_box(src, dst, a[2], a[3], arena);
    case Kind::filter2d:
      return twinlens::filter2d(src, dst, a.reals, a[2], a[3], arena);
  }
}

View last_channels(View v, int64_t n) {
  v.data += (v.c - n) * v.sc;
  v.c = n;
  return v;
}

void do_convolve(State& s, const Args& a, bool last) {
  s.make_plain();
  const View src = s.now;
  run_filter(s, a, last, filter);
  if (static_cast<Kind>(a[1]) == Kind::sharpness && a[2] > 0)
    copy(last_channels(src, a[2]), last_channels(s.now, a[2]));
}

}  // namespace

// kind, then
//   sharpness: channels kept at the end | factor
//   gaussian (weights in fixed point): columns, rows, bits, half to even, weights of columns, weights of rows
//   real: columns, rows | weights of columns, weights of rows
//   box: columns, rows
//   filter2d: columns, rows | weights, row by row
const Operation convolve = {3, 0, check_convolve, do_convolve};

}  // namespace twinlens::operations
