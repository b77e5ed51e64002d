// Affine and perspective maps: Pillow's Image.transform in float64, OpenCV's warpAffine and warpPerspective in float32.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

enum class WarpMethod : int64_t { nearest = 0, bilinear = 1, bicubic = 2, cv_nearest = 3, cv_linear = 4 };

// How Pillow walks nearest neighbours: see nearest.py beside the torch twin.
enum class WarpWalk : int64_t { scale = 0, fixed = 1, sum = 2, perspective = 3 };

// m: output to input, x' = (m0 x + m1 y + m2) / q, y' = (m3 x + m4 y + m5) / q, q = m6 x + m7 y + 1 or 1.
struct WarpJob {
  double m[8];
  bool perspective;
  WarpMethod method;
  const double* fill;  // one value, or one a channel
  int64_t fills;
  WarpWalk walk;
  const int32_t* rows;  // [dst.h], [dst.w] of WarpWalk::scale, negative or too large where outside
  const int32_t* columns;
  int64_t fixed[6];  // of WarpWalk::fixed, 16 bits behind the point
};

// src and dst: uint8, uint16 or float32, any strides, not the same memory.
struct WarpKernels {
  void (*nearest)(const View& src, const View& dst, const WarpJob& job);
  void (*blend)(const View& src, const View& dst, const WarpJob& job);
  void (*opencv)(const View& src, const View& dst, const WarpJob& job);
};

TWL_KERNEL_TABLE(WarpKernels, warp_kernels)

}  // namespace twinlens
