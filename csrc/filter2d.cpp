#include "filter2d.hpp"

#include <cstring>

#include "convolve.hpp"

namespace twinlens {
namespace {

template <typename T, typename Kernel>
void sharpness_rows(const View& src, const View& dst, float factor, Kernel kernel) {
  const int64_t n = src.w * src.c;
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* here = src.data + y * src.sy;
    auto* out = reinterpret_cast<T*>(dst.data + y * dst.sy);
    if (src.h < 3 || src.w < 3) {
      std::memcpy(out, here, static_cast<size_t>(n) * sizeof(T));
      continue;
    }
    const bool border = y == 0 || y == src.h - 1;  // then no sample has neighbours on both sides
    const int64_t up = border ? 0 : src.sy;
    const T* rows[3] = {reinterpret_cast<const T*>(here - up), reinterpret_cast<const T*>(here),
                        reinterpret_cast<const T*>(here + up)};
    kernel(rows, n, border ? n : src.c, factor, out);
  }
}

}  // namespace

void sharpness(const View& src, const View& dst, double factor) {
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  // The float form blends towards the smoothed picture, by what is left of the factor.
  if (src.dtype == DType::u8) sharpness_rows<uint8_t>(src, dst, static_cast<float>(factor), k.sharpness_u8);
  if (src.dtype == DType::u16) sharpness_rows<uint16_t>(src, dst, static_cast<float>(factor), k.sharpness_u16);
  if (src.dtype == DType::f32) sharpness_rows<float>(src, dst, static_cast<float>(1.0 - factor), k.sharpness_f32);
}

}  // namespace twinlens
