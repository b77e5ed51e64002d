// Two-dimensional filters of small support.
#pragma once
#include "arena.hpp"

namespace twinlens {

// BORDER_REFLECT_101, as often as it takes.
inline int64_t mirror_index(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = (i < 0 ? -i : i) % period;
  return i < n ? i : period - i;
}

// Views here and in blur.hpp: uint8, uint16 or float32, both interleaved or both of one channel, rows `w * c` samples
// side by side; src and dst have one size and do not overlap.

// Pillow's Sharpness: 0 smooths, 1 is the picture, more sharpens. The first and last rows and columns stay, as does a
// picture with fewer than three of either.
void sharpness(const View& src, const View& dst, double factor);

// Correlation with a kernel of ny rows and nx columns, anchored at n / 2, borders mirrored without the edge: OpenCV's
// filter2D. uint8 sums are float32 under fused multiply-add, others round products too; float32 is clipped to 0..1.
void filter2d(const View& src, const View& dst, const double* kernel, int64_t nx, int64_t ny, Arena& arena);

}  // namespace twinlens
