// Resizing with OpenCV's arithmetic, and nearest neighbours in OpenCV's and in Pillow's convention.
#pragma once
#include "arena.hpp"
#include "image.hpp"
#include "kernels.hpp"

namespace twinlens {

enum class CvMethod { nearest = 5, nearest_exact = 6, linear = 7, linear_exact = 8, area = 9, cubic = 10 };

// Where dst lies in the full result: dst covers rows y .. y + dst.h and columns x .. x + dst.w of it.
struct Roi {
  int64_t y, x;
};

// uint8, uint16 and float32, any strides on both sides; throws std::invalid_argument for other types and empty sources.
// Only what dst keeps is computed.
void resample_cv(const View& src, const View& dst, CvMethod method, int64_t out_h, int64_t out_w, Roi roi,
                 Arena& arena);

// The arithmetic that OpenCV chooses for a method, from the sizes, the type and the number of channels.
enum class CvBranch : int32_t {
  nearest = 0,
  nearest_exact = 1,
  linear = 2,        // fixed point for uint8, float32 else
  linear_exact = 3,  // fixed point; uint8 and uint16
  cubic = 4,         // fixed point for uint8, float32 else
  area = 5,          // fractional downscale, float32
  area_up = 6,       // linear with the coefficients of INTER_AREA
  block = 7,         // means of whole blocks of pixels
  quad = 8,          // (sum of 2x2 + 2) >> 2
};
CvBranch cv_branch(CvMethod method, DType dtype, int64_t channels, int64_t in_h, int64_t in_w, int64_t out_h,
                   int64_t out_w);

// The taps of outputs first .. first + n of an axis. Rows and columns differ at the borders.
struct CvAxis {
  CvBranch branch;
  DType dtype;
  bool horizontal;
  int64_t in, out, first, n;
};

bool cv_is_fixed(CvBranch branch, DType dtype);  // int32 weights; float32 ones otherwise
int64_t cv_axis_taps(const CvAxis& axis);        // the most that an output needs
// index[n][taps] and weights[n][taps], in the order of summation; an unused tap repeats an index with weight 0.
// Of `fixed` and `real` the one that cv_is_fixed names is written; either may be null.
void cv_axis_fill(const CvAxis& axis, int64_t taps, int32_t* index, int32_t* fixed, float* real);

}  // namespace twinlens
