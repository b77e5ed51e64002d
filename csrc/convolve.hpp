// Kernels of the filters: blurs, two-dimensional kernels, sharpness. Rows are arrays of samples: `step` is how many of
// them lie between a sample and its right neighbour, the channels of an interleaved row or 1.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

struct ConvolveKernels {
  // Pillow's Sharpness of a row of n samples, `rows` being the ones above, at and below it: the smoothed row, except
  // for its first and last pixel, blended with the row itself by `factor`.
  void (*sharpness_u8)(const uint8_t* const* rows, int64_t n, int64_t step, float factor, uint8_t* dst);
  void (*sharpness_u16)(const uint16_t* const* rows, int64_t n, int64_t step, float factor, uint16_t* dst);
  void (*sharpness_f32)(const float* const* rows, int64_t n, int64_t step, float factor, float* dst);
};

TWL_KERNEL_TABLE(ConvolveKernels, convolve)

}  // namespace twinlens
