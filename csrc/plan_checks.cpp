#include "plan_checks.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "clahe.hpp"
#include "color.hpp"
#include "pad.hpp"
#include "resample.hpp"
#include "resample_cv.hpp"
#include "view.hpp"

namespace twinlens {
namespace {

constexpr int64_t kMaxResult = int64_t{1} << 24;   // of a side that an operation makes
constexpr int64_t kMaxPicture = int64_t{1} << 30;  // of a side that the caller brings
constexpr int64_t kMaxGrid = 4096;                 // tiles along an axis

void require(bool ok, const char* what) {
  if (!ok) throw std::invalid_argument(std::string("native plan: ") + what);
}

// Written so that no sum of hostile numbers overflows.
bool inside(int64_t at, int64_t length, int64_t size) {
  return at >= 0 && length > 0 && at <= size && length <= size - at;
}

bool in_range(int64_t v, int64_t low, int64_t high) { return v >= low && v <= high; }

bool is_plain_number(DType t) { return t == DType::u8 || t == DType::u16 || t == DType::f32; }

void check_box(const double* box, int64_t h, int64_t w) {
  for (int i = 0; i < 4; ++i) require(std::isfinite(box[i]), "resample: the box is not finite");
  require(box[0] >= 0 && box[1] >= 0 && box[2] <= static_cast<double>(w) && box[3] <= static_cast<double>(h),
          "resample: the box leaves the picture");
  require(static_cast<float>(box[0]) < static_cast<float>(box[2]) &&
              static_cast<float>(box[1]) < static_cast<float>(box[3]),
          "resample: the box is empty");
}

void check_resample(const int64_t* a, const double* reals, const View& now) {
  require(is_plain_number(now.dtype), "resample: takes uint8, uint16 and float32");
  require(in_range(a[1], 0, static_cast<int64_t>(CvMethod::cubic)), "resample: unknown method");
  require(in_range(a[2], 1, kMaxResult) && in_range(a[3], 1, kMaxResult), "resample: a size below 1 or too large");
  require(inside(a[4], a[6], a[2]) && inside(a[5], a[7], a[3]), "resample: the region leaves the result");
  const bool windowed = a[8] != 0 || a[9] != 0 || a[10] != 0 || a[11] != 0;
  require(!windowed || (inside(a[8], a[10], now.h) && inside(a[9], a[11], now.w)),
          "resample: the window leaves the picture");
  const bool antialiased = a[1] <= static_cast<int64_t>(Filter::lanczos);
  if (antialiased) check_box(reals, windowed ? a[10] : now.h, windowed ? a[11] : now.w);
  require(a[12] == 0 || (antialiased && now.dtype == DType::u8 && now.c > 1), "resample: no alpha to multiply by");
}

void check_crop(const int64_t* a, const View& now) {
  require(inside(a[1], a[3], now.h) && inside(a[2], a[4], now.w), "crop: the window leaves the picture");
}

void check_pad(const int64_t* a, const double* fill, int64_t fills, const View& now) {
  for (int i = 1; i <= 4; ++i) require(in_range(a[i], 0, kMaxResult), "pad: a border is negative or too large");
  require(in_range(a[5], 0, static_cast<int64_t>(PadMode::symmetric)), "pad: unknown mode");
  require(is_plain_number(now.dtype), "pad: takes uint8, uint16 and float32");
  require(fills == 1 || fills == now.c, "pad: fill has neither one value nor one a channel");
  const double max = now.dtype == DType::u8 ? 255 : now.dtype == DType::u16 ? 65535 : std::numeric_limits<float>::max();
  for (int64_t i = 0; i < fills; ++i)
    require(fill[i] <= max && fill[i] >= (now.dtype == DType::f32 ? -max : 0), "pad: fill does not fit the dtype");
}

void check_color(const int64_t* a, const View& now) {
  const int64_t kind = a[1], channels = a[2];
  if (kind == kGrayToRgb) return require(channels == 3, "color: gray becomes three channels");
  if (kind == kDropAlpha) return require(in_range(channels, 1, now.c), "color: more channels asked for than there are");
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

void check_clahe(const int64_t* a, const View& now) {
  require(in_range(a[1], 1, kMaxGrid) && in_range(a[2], 1, kMaxGrid), "clahe: a grid below 1 or too fine");
  require(in_range(a[3], 0, static_cast<int64_t>(ClaheMode::lab)), "clahe: unknown mode");
  const bool lab = a[3] == static_cast<int64_t>(ClaheMode::lab);
  require(lab ? now.dtype == DType::u8 && now.c == 3 : now.dtype == DType::u8 || now.dtype == DType::u16,
          "clahe: takes uint8 and uint16, mode lab three channels of uint8");
  require((now.h / a[1] + 1) * (now.w / a[2] + 1) <= std::numeric_limits<int32_t>::max(), "clahe: a tile is too large");
}

void check_normalize(const Op& op, const int64_t* a, const double* reals, const View& now) {
  require(is_plain_number(now.dtype), "normalize: takes uint8, uint16 and float32");
  require(in_range(a[1], static_cast<int64_t>(DType::f32), static_cast<int64_t>(DType::bf16)),
          "normalize: makes float32, float16 and bfloat16");
  const int64_t n = op.real_count / 2;
  require(op.real_count == 2 * n && (n <= 1 || n == now.c),
          "normalize: mean and std have neither one value nor one a channel");
  for (int64_t i = 0; i < 2 * n; ++i)
    require(std::fabs(reals[i]) <= std::numeric_limits<float>::max() && (i < n || static_cast<float>(reals[i]) > 0),
            "normalize: mean must be finite and std positive");
}

void check_convert(const int64_t* a, const View& now) {
  require(is_plain_number(now.dtype) && in_range(a[1], 0, static_cast<int64_t>(DType::f32)),
          "convert: takes and makes uint8, uint16 and float32");
}

}  // namespace

void check_op(const Op& op, const int64_t* ints, const double* reals, const View& now) {
  switch (op.code) {
    case OpCode::resample:
      return check_resample(ints, reals, now);
    case OpCode::crop:
      return check_crop(ints, now);
    case OpCode::pad:
      return check_pad(ints, reals, op.real_count, now);
    case OpCode::flip:
      return;
    case OpCode::color:
      return check_color(ints, now);
    case OpCode::clahe:
      return check_clahe(ints, now);
    case OpCode::normalize:
      return check_normalize(op, ints, reals, now);
    case OpCode::convert:
      return check_convert(ints, now);
  }
  require(false, "unknown operation");
}

void check_picture(const View& picture) {
  require(
      in_range(picture.h, 1, kMaxPicture) && in_range(picture.w, 1, kMaxPicture) && in_range(picture.c, 1, kMaxPicture),
      "an empty picture, or one too large");
  require(in_range(static_cast<int64_t>(picture.dtype), 0, static_cast<int64_t>(DType::bf16)), "unknown dtype");
}

}  // namespace twinlens
