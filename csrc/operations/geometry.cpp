#include "operations.hpp"

#include <limits>

#include "../pad.hpp"

namespace twinlens::operations {
namespace {

void check_crop(const Args& a, const View& now) {
  require(inside(a[1], a[3], now.h) && inside(a[2], a[4], now.w), "crop: the window leaves the picture");
}

void do_crop(State& s, const Args& a, bool) { s.now = window(s.now, a[1], a[2], a[3], a[4]); }

void check_pad(const Args& a, const View& now) {
  const double* fill = a.reals;
  const int64_t fills = a.op.real_count;
  for (int i = 1; i <= 4; ++i) require(in_range(a[i], 0, kMaxResult), "pad: a border is negative or too large");
  require(in_range(a[5], 0, static_cast<int64_t>(PadMode::symmetric)), "pad: unknown mode");
  require(is_plain_number(now.dtype), "pad: takes uint8, uint16 and float32");
  require(fills == 1 || fills == now.c, "pad: fill has neither one value nor one a channel");
  const double max = now.dtype == DType::u8 ? 255 : now.dtype == DType::u16 ? 65535 : std::numeric_limits<float>::max();
  for (int64_t i = 0; i < fills; ++i)
    require(fill[i] <= max && fill[i] >= (now.dtype == DType::f32 ? -max : 0), "pad: fill does not fit the dtype");
}

void do_pad(State& s, const Args& a, bool last) {
  const View dst = s.make(s.now.h + a[2] + a[4], s.now.w + a[1] + a[3], s.now.c, s.now.dtype, last);
  twinlens::pad(s.now, dst, a[2], a[1], static_cast<PadMode>(a[5]), a.reals, a.op.real_count);
  s.now = dst;
}

void check_flip(const Args&, const View&) {}

void do_flip(State& s, const Args& a, bool) {
  if (a[1] != 0) {
    s.now.data += (s.now.w - 1) * s.now.sx;
    s.now.sx = -s.now.sx;
  }
  if (a[2] != 0) {
    s.now.data += (s.now.h - 1) * s.now.sy;
    s.now.sy = -s.now.sy;
  }
}

}  // namespace

// y x h w
const Operation crop = {5, 0, check_crop, do_crop, true};

// left, top, right, bottom, mode | fill (one value, or one a channel)
const Operation pad = {6, 1, check_pad, do_pad};

// horizontal, vertical
const Operation flip = {3, 0, check_flip, do_flip, true};

}  // namespace twinlens::operations
