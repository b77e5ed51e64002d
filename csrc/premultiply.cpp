#include "premultiply.hpp"

#include <algorithm>

namespace twinlens {
namespace {

uint8_t multiply_255(int a, int b) {  // Pillow's MULDIV255
  const int v = a * b + 128;
  return static_cast<uint8_t>(((v >> 8) + v) >> 8);
}

template <typename F>
void with_alpha(const View& v, F f) {
  for (int64_t y = 0; y < v.h; ++y)
    for (int64_t x = 0; x < v.w; ++x) {
      uint8_t* p = v.data + y * v.sy + x * v.sx;
      const uint8_t alpha = p[(v.c - 1) * v.sc];
      for (int64_t c = 0; c + 1 < v.c; ++c) p[c * v.sc] = f(p[c * v.sc], alpha);
    }
}

}  // namespace

void premultiply(const View& v) {
  with_alpha(v, [](uint8_t color, uint8_t alpha) { return multiply_255(color, alpha); });
}

void unpremultiply(const View& v) {
  with_alpha(v, [](uint8_t color, uint8_t alpha) {
    return alpha == 0 || alpha == 255 ? color : static_cast<uint8_t>(std::min(255 * color / alpha, 255));
  });
}

}  // namespace twinlens
