#include "operations.hpp"

#include <cmath>

#include "../copy.hpp"
#include "../normalize.hpp"
#include "../resample.hpp"
#include "../resample_cv.hpp"
#include "../view.hpp"

namespace twinlens::operations {
namespace {

bool antialiased(const Args& a) { return a[1] <= static_cast<int64_t>(Filter::lanczos); }

void check_box(const double* box, int64_t h, int64_t w) {
  for (int i = 0; i < 4; ++i) require(std::isfinite(box[i]), "resample: the box is not finite");
  require(box[0] >= 0 && box[1] >= 0 && box[2] <= static_cast<double>(w) && box[3] <= static_cast<double>(h),
          "resample: the box leaves the picture");
  require(static_cast<float>(box[0]) < static_cast<float>(box[2]) &&
              static_cast<float>(box[1]) < static_cast<float>(box[3]),
          "resample: the box is empty");
}

void check_resample(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "resample: takes uint8, uint16 and float32");
  require(in_range(a[1], 0, static_cast<int64_t>(CvMethod::cubic)), "resample: unknown method");
  require(in_range(a[2], 1, kMaxResult) && in_range(a[3], 1, kMaxResult), "resample: a size below 1 or too large");
  require(inside(a[4], a[6], a[2]) && inside(a[5], a[7], a[3]), "resample: the region leaves the result");
  const bool windowed = a[8] != 0 || a[9] != 0 || a[10] != 0 || a[11] != 0;
  require(!windowed || (inside(a[8], a[10], now.h) && inside(a[9], a[11], now.w)),
          "resample: the window leaves the picture");
  if (antialiased(a)) check_box(a.reals, windowed ? a[10] : now.h, windowed ? a[11] : now.w);
  require(a[12] == 0 || (antialiased(a) && now.dtype == DType::u8 && now.c > 1), "resample: no alpha to multiply by");
}

ResampleSpec spec_of(const Args& a) {
  const auto edge = [&a](int i) { return static_cast<float>(a.reals[i]); };
  return {static_cast<Filter>(a[1]), a[2], a[3], {edge(0), edge(1), edge(2), edge(3)}, a[4], a[5], a[13] != 0};
}

View upside_down(View v) {
  v.data += (v.h - 1) * v.sy;
  v.sy = -v.sy;
  return v;
}

View left_to_right(View v) {
  v.data += (v.w - 1) * v.sx;
  v.sx = -v.sx;
  return v;
}

// Mirrored by who makes the pixels: rows are written from below, and columns are weighed in reverse.
bool mirrors(const View& src, const Args& a) {
  return a[13] == 0 || (antialiased(a) && has_horizontal_pass(src, spec_of(a)));
}

void do_resample(State& s, const Args& a, bool last) {
  if (a[11] > 0) s.now = window(s.now, a[8], a[9], a[10], a[11]);
  if (!padded(s.now) || !antialiased(a) || a[12] != 0) s.make_plain();
  const bool mirrored = mirrors(s.now, a);
  const View made = s.make(a[6], a[7], s.now.c, s.now.dtype, last && mirrored);
  const View dst = a[14] != 0 ? upside_down(made) : made;
  if (!antialiased(a)) {
    resample_cv(s.now, dst, static_cast<CvMethod>(a[1]), a[2], a[3], Roi{a[4], a[5]}, s.arena);
  } else {
    ResampleSpec spec = spec_of(a);
    spec.mirrored = spec.mirrored && mirrored;
    (a[12] != 0 ? resample_premultiplied : twinlens::resample)(s.now, dst, spec, s.arena);
  }
  s.now = mirrored ? made : left_to_right(made);
  if (mirrored || !last) return;
  const View out = s.make_like(s.now, true);
  copy(s.now, out);
  s.now = out;
}

}  // namespace

// filter, out_h, out_w, roi y x h w, window y x h w, premultiply, mirror left-right, top-bottom | box x0 y0 x1 y1
// within the window
const Operation resample = {15, 4, check_resample, do_resample};

bool resample_then_normalize(State& s, const Args& a, const Args& then) {
  if (!antialiased(a) || a[12] != 0 || s.now.dtype != DType::u8) return false;
  check_resample(a, s.now);
  View src = s.now;
  if (a[11] > 0) src = window(src, a[8], a[9], a[10], a[11]);
  View resized = src;
  resized.h = a[6];
  resized.w = a[7];
  check_normalize(then, resized);
  const auto normalise = normalizer_of(then, src.c, DType::u8);
  const View dst = s.make(a[6], a[7], src.c, static_cast<DType>(then[1]), true);
  const View out = a[14] != 0 ? upside_down(dst) : dst;
  return mirrors(src, a) && resample_normalized(src, out, spec_of(a), *normalise, s.arena);
}

}  // namespace twinlens::operations
