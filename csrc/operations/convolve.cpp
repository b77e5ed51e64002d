#include "operations.hpp"

#include <cmath>

#include "../copy.hpp"
#include "../filter2d.hpp"

namespace twinlens::operations {
namespace {

enum class Kind : int64_t { sharpness = 0 };

constexpr double kMaxFactor = 1e6;

void check_sharpness(const Args& a, const View& now) {
  require(in_range(a[2], 0, now.c), "convolve: more channels kept than there are");
  require(a.op.real_count == 1 && a.reals[0] >= 0 && a.reals[0] <= kMaxFactor, "convolve: sharpness out of range");
}

void check_convolve(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "convolve: takes uint8, uint16 and float32");
  switch (static_cast<Kind>(a[1])) {
    case Kind::sharpness:
      return check_sharpness(a, now);
  }
  refuse("convolve: unknown kind");
}

// An interleaved picture, or one plane.
void filter(const View& src, const View& dst, const Args& a) {
  switch (static_cast<Kind>(a[1])) {
    case Kind::sharpness:
      return sharpness(src, dst, a.reals[0]);
  }
}

View last_channels(View v, int64_t n) {
  v.data += (v.c - n) * v.sc;
  v.c = n;
  return v;
}

void do_convolve(State& s, const Args& a, bool last) {
  s.make_plain();
  const View src = s.now, dst = s.make_like(src, last);
  const bool rows = interleaved(src);
  const bool direct = rows ? interleaved(dst) : planar(dst);
  const View to = direct ? dst : s.arena.image(src.h, src.w, src.c, src.dtype, !rows);
  if (rows)
    filter(src, to, a);
  else
    for (int64_t c = 0; c < src.c; ++c) filter(plane(src, c), plane(to, c), a);
  if (!direct) copy(to, dst);
  if (static_cast<Kind>(a[1]) == Kind::sharpness && a[2] > 0) copy(last_channels(src, a[2]), last_channels(dst, a[2]));
  s.now = dst;
}

}  // namespace

// kind, then
//   sharpness: channels kept at the end | factor
const Operation convolve = {3, 0, check_convolve, do_convolve};

}  // namespace twinlens::operations
