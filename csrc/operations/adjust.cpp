#include "../adjust.hpp"

#include <cmath>
#include <limits>

#include "operations.hpp"

namespace twinlens::operations {
namespace {

void check_adjust(const Args& a, const View& now) {
  require(now.dtype == DType::u8, "adjust: takes uint8");
  require(in_range(a[1], 0, static_cast<int64_t>(AdjustKind::hue)), "adjust: unknown kind");
  const int64_t colours = now.c - (a[2] != 0 ? 1 : 0);
  const auto kind = static_cast<AdjustKind>(a[1]);
  const bool coloured = kind == AdjustKind::saturation || kind == AdjustKind::hue;
  require(colours == 3 || (colours == 1 && !coloured), "adjust: a number of channels that the kind does not take");
  const double most = kind == AdjustKind::hue ? 255 : std::numeric_limits<float>::max() / 1024;
  require(a.reals[0] >= 0 && a.reals[0] <= most, "adjust: an amount below 0 or too large");
}

Adjustment adjustment_of(const Args& a) { return {static_cast<AdjustKind>(a[1]), a.reals[0]}; }

void do_adjust(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make_like(s.now, last);
  adjust_pixels(s.now, dst, adjustment_of(a), a[2] != 0);
  s.now = dst;
}

}  // namespace

// kind, whether the last channel is alpha | factor, or for hue what is added
const Operation adjust = {3, 1, check_adjust, do_adjust};

bool is_colour_adjustment(const Args& a, const View& now) {
  return a.op.code == OpCode::adjust && now.c == 3 && a[2] == 0 && a[1] != static_cast<int64_t>(AdjustKind::hue);
}

Adjustment checked_adjustment(const Args& a, const View& now) {
  check_adjust(a, now);
  return adjustment_of(a);
}

void adjust_in_turn(State& s, const Adjustment* list, int64_t count, bool last) {
  s.make_plain();
  const View dst = s.make_like(s.now, last);
  adjust_colours(s.now, dst, list, count);
  s.now = dst;
}

}  // namespace twinlens::operations
