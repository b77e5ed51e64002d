#include "../color_space.hpp"

#include <cmath>
#include <cstring>

#include "../copy.hpp"
#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kFill = -1;  // instead of a channel

void check_channels(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "channels: takes uint8, uint16 and float32");
  require(in_range(a[1], 1, a.op.int_count - 2), "channels: fewer sources than channels");
  for (int64_t i = 0; i < a[1]; ++i)
    require(in_range(a[2 + i], kFill, now.c - 1), "channels: there is no such channel");
  const double top = now.dtype == DType::u8 ? 255.0 : now.dtype == DType::u16 ? 65535.0 : 1e30;
  require(a.reals[0] >= (now.dtype == DType::f32 ? -top : 0.0) && a.reals[0] <= top, "channels: fill is out of range");
}

template <typename T>
void fill_plane(const View& dst, T value) {
  for (int64_t y = 0; y < dst.h; ++y)
    for (int64_t x = 0; x < dst.w; ++x) std::memcpy(dst.data + y * dst.sy + x * dst.sx, &value, sizeof value);
}

void fill_channel(const View& dst, double value) {
  if (dst.dtype == DType::u8) return fill_plane(dst, static_cast<uint8_t>(value));
  if (dst.dtype == DType::u16) return fill_plane(dst, static_cast<uint16_t>(value));
  fill_plane(dst, static_cast<float>(value));
}

void do_channels(State& s, const Args& a, bool last) {
  s.make_plain();
  const View src = s.now, dst = s.make(src.h, src.w, a[1], src.dtype, last);
  if (src.dtype == DType::u8 && src.c == 3 && dst.c == 3 && interleaved(src) && interleaved(dst)) {
    const auto value = static_cast<uint8_t>(a.reals[0]);
    const uint8_t fill[3] = {value, value, value};
    for (int64_t y = 0; y < src.h; ++y)
      TWL_KERNELS(color_space).reorder_rgb(src.data + y * src.sy, dst.data + y * dst.sy, src.w, a.ints + 2, fill);
  } else {
    for (int64_t i = 0; i < dst.c; ++i) {
      if (a[2 + i] == kFill)
        fill_channel(plane(dst, i), a.reals[0]);
      else
        copy(plane(src, a[2 + i]), plane(dst, i));
    }
  }
  s.now = dst;
}

void check_matrix(const Args& a, const View& now) {
  require(is_plain_number(now.dtype) && now.c == 3, "color matrix: takes 3 channels of uint8, uint16 or float32");
  for (int i = 0; i < 12; ++i) {
    const double limit = i % 4 == 3 ? 65536.0 : 16.0;
    require(a.reals[i] >= -limit && a.reals[i] <= limit, "color matrix: a factor or an offset is too large");
  }
}

void do_matrix(State& s, const Args& a, bool last) {
  s.make_plain();
  ColorMatrix m{};
  for (int i = 0; i < 12; ++i) {
    m.fixed[i / 4][i % 4] = static_cast<int32_t>(std::rint(a.reals[i] * 1024.0));
    m.real[i / 4][i % 4] = static_cast<float>(a.reals[i]);
  }
  m.max = s.now.dtype == DType::u16 ? 65535.0f : 1.0f;
  const View dst = s.make_like(s.now, last);
  TWL_KERNELS(color_space).matrix(s.now, dst, m);
  s.now = dst;
}

}  // namespace

// how many there will be, which of those there are (-1: the fill value) | fill
const Operation channels = {3, 1, check_channels, do_channels, false, true};

// | rows of three factors and an offset
const Operation color_matrix = {1, 12, check_matrix, do_matrix, false, true};

}  // namespace twinlens::operations
