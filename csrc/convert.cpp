#include "convert.hpp"

#include <cstring>

namespace twinlens {
namespace {

template <typename T, typename U, typename F>
void map(const View& src, const View& dst, F f) {
  for (int64_t c = 0; c < src.c; ++c)
    for (int64_t y = 0; y < src.h; ++y) {
      const uint8_t* p = src.data + y * src.sy + c * src.sc;
      uint8_t* q = dst.data + y * dst.sy + c * dst.sc;
      for (int64_t x = 0; x < src.w; ++x) {
        T in;
        std::memcpy(&in, p + x * src.sx, sizeof(T));
        const U out = f(in);
        std::memcpy(q + x * dst.sx, &out, sizeof(U));
      }
    }
}

template <typename U>
U saturate(float v) {
  constexpr float max = sizeof(U) == 1 ? 255.0F : 65535.0F;
  if (!(v > 0.0F)) return 0;
  return static_cast<U>(v < max ? v : max);
}

template <typename U>
void from_float(const View& src, const View& dst, bool scale) {
  constexpr float factor = sizeof(U) == 1 ? 256.0F - 1e-3F : 65536.0F - 1e-3F;
  map<float, U>(src, dst, [scale](float v) { return saturate<U>(scale ? v * factor : v); });
}

template <typename T>
void from_integer(const View& src, const View& dst, bool scale) {
  constexpr float max = sizeof(T) == 1 ? 255.0F : 65535.0F;
  if (dst.dtype == DType::f32) {
    map<T, float>(src, dst, [scale](T v) { return scale ? static_cast<float>(v) / max : static_cast<float>(v); });
  } else if (dst.dtype == DType::u8) {
    map<T, uint8_t>(src, dst, [scale](T v) { return static_cast<uint8_t>(scale ? v >> (8 * (sizeof(T) - 1)) : v); });
  } else {
    map<T, uint16_t>(src, dst, [scale](T v) { return static_cast<uint16_t>(scale ? v << (8 * (2 - sizeof(T))) : v); });
  }
}

}  // namespace

void convert_dtype(const View& src, const View& dst, bool scale) {
  if (src.dtype == DType::u8) {
    from_integer<uint8_t>(src, dst, scale);
  } else if (src.dtype == DType::u16) {
    from_integer<uint16_t>(src, dst, scale);
  } else if (dst.dtype == DType::u8) {
    from_float<uint8_t>(src, dst, scale);
  } else if (dst.dtype == DType::u16) {
    from_float<uint16_t>(src, dst, scale);
  } else {
    map<float, float>(src, dst, [](float v) { return v; });
  }
}

}  // namespace twinlens
