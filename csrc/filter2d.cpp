#include "filter2d.hpp"

#include <cmath>
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

// A fused operation equals the sum in float64 where no sum is 2^30 times the last bit of the smallest weight.
constexpr float kFusedRange = 0x1p28F;

FilterTaps taps_of(const double* kernel, int64_t nx, int64_t ny, DType dtype, Arena& arena) {
  const auto most = static_cast<size_t>(nx * ny);
  auto *row = arena.take_array<int32_t>(most), *column = arena.take_array<int32_t>(most);
  auto* weight = arena.take_array<float>(most);
  int64_t n = 0;
  float smallest = HUGE_VALF;
  double total = 0;
  for (int64_t i = 0; i < nx * ny; ++i) {
    const auto w = static_cast<float>(kernel[i]);
    if (w == 0.0F) continue;
    row[n] = static_cast<int32_t>(i / nx);
    column[n] = static_cast<int32_t>(i % nx);
    weight[n++] = w;
    smallest = std::fmin(smallest, std::fabs(w));
    total += std::fabs(static_cast<double>(w));
  }
  const bool fused = 255.0 * total <= static_cast<double>(smallest) * static_cast<double>(kFusedRange);
  const FilterSum sum = dtype != DType::u8 ? FilterSum::separate : fused ? FilterSum::fused : FilterSum::through_double;
  return {n, row, column, weight, sum};
}

// Rows of float32 with the border on both sides, as many as the kernel has; each is made once.
template <typename T, typename Widen, typename Kernel>
void filter_rows(const View& src, const View& dst, const FilterTaps& taps, int64_t nx, int64_t ny, Arena& arena,
                 Widen widen, Kernel kernel) {
  const int64_t c = src.c, n = src.w * c, left = nx / 2, top = ny / 2, width = (src.w + nx - 1) * c;
  auto* const ring = arena.take_array<float>(static_cast<size_t>(ny * width));
  auto** const rows = arena.take_array<const float*>(static_cast<size_t>(ny));
  const auto fill = [&](int64_t y) {
    float* line = ring + (y + top) % ny * width + left * c;
    widen(reinterpret_cast<const T*>(src.data + mirror_index(y, src.h) * src.sy), n, line);
    const size_t pixel = static_cast<size_t>(c) * sizeof(float);
    for (int64_t x = 1; x <= left; ++x) std::memcpy(line - x * c, line + mirror_index(-x, src.w) * c, pixel);
    for (int64_t x = src.w; x < src.w + nx - 1 - left; ++x)
      std::memcpy(line + x * c, line + mirror_index(x, src.w) * c, pixel);
  };
  for (int64_t y = -top; y < ny - 1 - top; ++y) fill(y);
  for (int64_t y = 0; y < src.h; ++y) {
    fill(y + ny - 1 - top);
    for (int64_t t = 0; t < ny; ++t) rows[t] = ring + (y + t) % ny * width;
    kernel(taps, rows, n, c, reinterpret_cast<T*>(dst.data + y * dst.sy));
  }
}

}  // namespace

void filter2d(const View& src, const View& dst, const double* kernel, int64_t nx, int64_t ny, Arena& arena) {
  const Scratch scratch(arena);
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  const FilterTaps taps = taps_of(kernel, nx, ny, src.dtype, arena);
  const auto copied = [](const float* from, int64_t n, float* to) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
  };
  if (src.dtype == DType::u8) filter_rows<uint8_t>(src, dst, taps, nx, ny, arena, k.widen_u8, k.filter_row_u8);
  if (src.dtype == DType::u16) filter_rows<uint16_t>(src, dst, taps, nx, ny, arena, k.widen_u16, k.filter_row_u16);
  if (src.dtype == DType::f32) filter_rows<float>(src, dst, taps, nx, ny, arena, copied, k.filter_row_f32);
}

void sharpness(const View& src, const View& dst, double factor) {
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  // The float form blends towards the smoothed picture, by what is left of the factor.
  if (src.dtype == DType::u8) sharpness_rows<uint8_t>(src, dst, static_cast<float>(factor), k.sharpness_u8);
  if (src.dtype == DType::u16) sharpness_rows<uint16_t>(src, dst, static_cast<float>(factor), k.sharpness_u16);
  if (src.dtype == DType::f32) sharpness_rows<float>(src, dst, static_cast<float>(1.0 - factor), k.sharpness_f32);
}

}  // namespace twinlens
