#include "blur.hpp"

#include <cstring>

#include "convolve.hpp"
#include "filter2d.hpp"

namespace twinlens {
namespace {

template <typename T, typename From>
T* rounded(const From* values, int64_t n, Arena& arena) {
  T* out = arena.take_array<T>(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(values[i]);
  return out;
}

template <typename Sum>
void mirror_ends(Sum* line, int64_t w, int64_t step, int64_t left, int64_t right) {
  const size_t pixel = static_cast<size_t>(step) * sizeof(Sum);
  for (int64_t x = 1; x <= left; ++x) std::memcpy(line - x * step, line + mirror_index(-x, w) * step, pixel);
  for (int64_t x = w; x < w + right; ++x) std::memcpy(line + x * step, line + mirror_index(x, w) * step, pixel);
}

// down(rows, sums) and across(sums, row of dst); rows first, so that only a row of sums is kept.
template <typename T, typename Sum, typename Down, typename Across>
void two_passes(const View& src, const View& dst, int64_t nx, int64_t ny, Arena& arena, Down down, Across across) {
  const int64_t left = nx / 2, right = nx - 1 - left, top = ny / 2;
  auto* rows = arena.take_array<const T*>(static_cast<size_t>(ny));
  Sum* const start = arena.take_array<Sum>(static_cast<size_t>((src.w + nx - 1) * src.c));
  Sum* const line = start + left * src.c;
  for (int64_t y = 0; y < src.h; ++y) {
    for (int64_t t = 0; t < ny; ++t)
      rows[t] = reinterpret_cast<const T*>(src.data + mirror_index(y - top + t, src.h) * src.sy);
    down(rows, line);
    mirror_ends(line, src.w, src.c, left, right);
    across(start, reinterpret_cast<T*>(dst.data + y * dst.sy));
  }
}

void blur_gaussian(const View& src, const View& dst, const Separable<int64_t>& taps, Arena& arena) {
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  const int64_t n = src.w * src.c;
  const int16_t* x = rounded<int16_t>(taps.x, taps.nx, arena);
  const int16_t* y = rounded<int16_t>(taps.y, taps.ny, arena);
  two_passes<uint8_t, int16_t>(
      src, dst, taps.nx, taps.ny, arena,
      [&](const uint8_t* const* rows, int16_t* sums) { k.gaussian_down(rows, n, y, taps.ny, sums); },
      [&](const int16_t* sums, uint8_t* out) { k.gaussian_across(sums, n, src.c, x, taps.nx, out); });
}

template <typename T, typename Down, typename Across>
void blur_integers(const View& src, const View& dst, const Separable<uint32_t>& taps, const Rounding& rounding,
                   Arena& arena, Down down, Across across) {
  const int64_t n = src.w * src.c;
  two_passes<T, uint32_t>(
      src, dst, taps.nx, taps.ny, arena,
      [&](const T* const* rows, uint32_t* sums) { down(rows, n, taps.y, taps.ny, sums); },
      [&](const uint32_t* sums, T* out) { across(sums, n, src.c, taps.x, taps.nx, rounding, out); });
}

void blur_wide(const View& src, const View& dst, const Separable<uint32_t>& taps, const Rounding& rounding,
               Arena& arena) {
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  if (src.dtype == DType::u8)
    blur_integers<uint8_t>(src, dst, taps, rounding, arena, k.fixed_down_u8, k.fixed_across_u8);
  else
    blur_integers<uint16_t>(src, dst, taps, rounding, arena, k.fixed_down_u16, k.fixed_across_u16);
}

void blur_bytes(const View& src, const View& dst, int64_t nx, int64_t ny, Arena& arena) {
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  const int64_t n = src.w * src.c;
  if (nx * ny >= 2 && nx * ny <= kMostNarrowBox)
    return two_passes<uint8_t, uint16_t>(
        src, dst, nx, ny, arena,
        [&](const uint8_t* const* rows, uint16_t* sums) { k.narrow_box_down(rows, n, ny, sums); },
        [&](const uint16_t* sums, uint8_t* out) { k.narrow_box_across(sums, n, src.c, nx, nx * ny, out); });
  two_passes<uint8_t, uint32_t>(
      src, dst, nx, ny, arena, [&](const uint8_t* const* rows, uint32_t* sums) { k.box_down(rows, n, ny, sums); },
      [&](const uint32_t* sums, uint8_t* out) { k.box_across(sums, n, src.c, nx, nx * ny, out); });
}

}  // namespace

void blur_fixed(const View& src, const View& dst, const Separable<int64_t>& taps, int64_t bits, bool even,
                bool mirrored, Arena& arena) {
  const Scratch scratch(arena);
  if (mirrored && bits == 8 && !even && src.dtype == DType::u8) return blur_gaussian(src, dst, taps, arena);
  const Separable<uint32_t> wide{taps.nx, taps.ny, rounded<uint32_t>(taps.x, taps.nx, arena),
                                 rounded<uint32_t>(taps.y, taps.ny, arena)};
  blur_wide(src, dst, wide, Rounding{2 * bits, even, 0}, arena);
}

void blur_real(const View& src, const View& dst, const Separable<double>& taps, Arena& arena) {
  const Scratch scratch(arena);
  const ConvolveKernels& k = TWL_KERNELS(convolve);
  const int64_t n = src.w * src.c;
  const float* x = rounded<float>(taps.x, taps.nx, arena);
  const float* y = rounded<float>(taps.y, taps.ny, arena);
  two_passes<float, float>(
      src, dst, taps.nx, taps.ny, arena,
      [&](const float* const* rows, float* sums) { k.real_down(rows, n, y, taps.ny, sums); },
      [&](const float* sums, float* out) { k.real_across(sums, n, src.c, x, taps.nx, out); });
}

void blur_box(const View& src, const View& dst, int64_t nx, int64_t ny, Arena& arena) {
  const Scratch scratch(arena);
  const int64_t most = nx > ny ? nx : ny;
  if (src.dtype == DType::f32) {
    auto* x = arena.take_array<double>(static_cast<size_t>(nx));
    auto* y = arena.take_array<double>(static_cast<size_t>(ny));
    for (int64_t i = 0; i < nx; ++i) x[i] = 1.0 / static_cast<double>(nx);
    for (int64_t i = 0; i < ny; ++i) y[i] = 1.0 / static_cast<double>(ny);
    return blur_real(src, dst, {nx, ny, x, y}, arena);
  }
  if (src.dtype == DType::u8 && nx * ny <= kMostBox) return blur_bytes(src, dst, nx, ny, arena);
  auto* ones = arena.take_array<uint32_t>(static_cast<size_t>(most));
  for (int64_t i = 0; i < most; ++i) ones[i] = 1;
  blur_wide(src, dst, {nx, ny, ones, ones}, Rounding{0, false, nx * ny}, arena);
}

}  // namespace twinlens
