// Separable blurs with mirrored borders that do not repeat the edge (OpenCV's BORDER_REFLECT_101).
#pragma once
#include "arena.hpp"

namespace twinlens {

// Views as in filter2d.hpp. x, y: weights of `nx` columns and `ny` rows, from left and from top; the pixel itself is at
// n / 2.
template <typename Weight>
struct Separable {
  int64_t nx, ny;
  const Weight* x;
  const Weight* y;
};

// uint8 and uint16 with integer weights that sum to 2^bits on either axis, rounded half up or half to even; bits is at
// most 20 for uint8, 16 for uint16. Where `mirrored`, both sides weigh the same and nx and ny are odd.
void blur_fixed(const View& src, const View& dst, const Separable<int64_t>& taps, int64_t bits, bool even,
                bool mirrored, Arena& arena);

// float32; weights are rounded to float32.
void blur_real(const View& src, const View& dst, const Separable<double>& taps, Arena& arena);

// The mean of nx * ny pixels, each side at most 2^15: (sum + n / 2) / n, rounded down, for integers.
void blur_box(const View& src, const View& dst, int64_t nx, int64_t ny, Arena& arena);

}  // namespace twinlens
