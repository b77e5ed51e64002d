// Every pixel of the result looked up at a place of the picture that a smooth map names.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

enum class MapKind : int64_t { elastic = 0, grid = 1, radial = 2 };
enum class MapBorder : int64_t { constant = 0, reflect_101 = 1, replicate = 2 };

constexpr float kFarthest = 16777216.0F;  // places are cut off there: an int32 holds them
constexpr int64_t kRadialNumbers = 10;

struct RemapSpec {
  MapKind kind;
  bool nearest;
  MapBorder border;
  const int32_t* shifts;  // elastic: [2][h][w], x then y
  float scale_x, scale_y;
  const float *xs, *ys;  // grid: [w], [h]
  const double* radial;  // [kRadialNumbers]
  const float* fill;     // [c]
};

// One row each.
struct RemapScratch {
  float *x, *y;         // [w] places
  float *p[4], *a, *b;  // [w * c] the four samples around a place and its distances from the first
};

struct Smoothing {
  const int32_t *taps_x, *taps_y;  // halves of symmetric kernels whose sums are 2^15
  int64_t radius_x, radius_y;
};

struct SmoothingScratch {
  uint16_t* bits;  // [w]
  int32_t* row;    // [w + 2 radius_x]
  int32_t* rows;   // [h][w]
};

struct RemapKernels {
  void (*remap)(const View& src, const View& dst, const RemapSpec& spec, const RemapScratch& scratch);
  // Two fields [2][h][w] of smooth noise in -2^15 .. 2^15, from 16 bits a number.
  void (*smooth_noise)(uint64_t seed, int64_t h, int64_t w, const Smoothing& kernel, const SmoothingScratch& scratch,
                       int32_t* out);
};

TWL_KERNEL_TABLE(RemapKernels, remap_kernels)

}  // namespace twinlens
