#include "operations.hpp"

#include "../color.hpp"
#include "../color_space.hpp"
#include "../copy.hpp"

namespace twinlens::operations {
namespace {

// Kinds beyond ColorKind only choose channels: no arithmetic.
constexpr int64_t kGrayToRgb = 5, kDropAlpha = 6;

// And behind those the kinds of ColorSpaceKind.
constexpr int64_t kFirstSpace = 7, kLastSpace = 10;

void check_color(const Args& a, const View& now) {
  const int64_t kind = a[1], channels = a[2];
  if (kind == kGrayToRgb) return require(channels == 3, "color: gray becomes three channels");
  if (kind == kDropAlpha) return require(in_range(channels, 1, now.c), "color: more channels asked for than there are");
  if (in_range(kind, kFirstSpace, kLastSpace))
    return require(now.dtype == DType::u8 && now.c >= 3 && channels == 3, "color: takes three channels of uint8");
  require(in_range(kind, 0, static_cast<int64_t>(ColorKind::lab_to_rgb)), "color: unknown kind");
  const auto color = static_cast<ColorKind>(kind);
  if (color == ColorKind::swap_rb)
    return require(in_range(now.c, 3, 4) && channels == now.c && is_plain_number(now.dtype),
                   "color: swap_rb takes 3 or 4 channels and leaves as many");
  require(now.c >= 3, "color: fewer than three channels");
  const bool lab = color == ColorKind::rgb_to_lab || color == ColorKind::lab_to_rgb;
  require(lab ? now.dtype == DType::u8 : is_plain_number(now.dtype), "color: a dtype that the kind does not take");
  require(channels == 3 || (channels == 1 && !lab), "color: a number of channels that the kind does not make");
}

void do_color(State& s, const Args& a, bool last) {
  const int64_t kind = a[1];
  View from = s.now;
  if (kind == kGrayToRgb) {
    from.c = 3;
    from.sc = 0;
  } else if (kind == kDropAlpha) {
    from.c = a[2];
  } else if (kind >= kFirstSpace || static_cast<ColorKind>(kind) != ColorKind::swap_rb) {
    from.c = 3;
  }
  const View dst = s.make(from.h, from.w, a[2], from.dtype, last);
  if (kind >= kFirstSpace) {
    convert_color_space(from, dst, static_cast<ColorSpaceKind>(kind - kFirstSpace));
  } else if (kind >= kGrayToRgb) {
    copy(from, dst);
  } else {
    convert_color(from, dst, static_cast<ColorKind>(kind), s.arena);
  }
  s.now = dst;
}

}  // namespace

// kind, output channels
const Operation color = {3, 0, check_color, do_color, false, true};

}  // namespace twinlens::operations
