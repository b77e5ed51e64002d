// Kernels of the filters: blurs, two-dimensional kernels, sharpness. Rows are arrays of samples: `step` is how many of
// them lie between a sample and its right neighbour, the channels of an interleaved row or 1.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

// How the sum of a blur becomes a sample: over 2^shift, half up or half to even; or, where divisor is not 0, over that.
struct Rounding {
  int64_t shift;
  bool even;
  int64_t divisor;
};

// How a tap is added: by one fused operation, by the same through float64, or rounded after the product and the sum.
enum class FilterSum { fused, through_double, separate };

// The taps of a two-dimensional filter that are not 0, row by row.
struct FilterTaps {
  int64_t n;
  const int32_t* row;
  const int32_t* column;
  const float* weight;
  FilterSum sum;
};

constexpr int64_t kMostBox = 8192, kMostNarrowBox = 128;

struct ConvolveKernels {
  // One row of n samples from padded rows of float32; integers are rounded half to even, results clipped (0..1
  // float32).
  void (*filter_row_u8)(const FilterTaps& taps, const float* const* rows, int64_t n, int64_t step, uint8_t* dst);
  void (*filter_row_u16)(const FilterTaps& taps, const float* const* rows, int64_t n, int64_t step, uint16_t* dst);
  void (*filter_row_f32)(const FilterTaps& taps, const float* const* rows, int64_t n, int64_t step, float* dst);
  void (*widen_u8)(const uint8_t* src, int64_t n, float* dst);
  void (*widen_u16)(const uint16_t* src, int64_t n, float* dst);

  // Blurs in two passes. The first adds up n columns of `taps` rows; the second adds up samples `step` apart, from the
  // first one's result with the border on both sides.
  //
  // uint8 with weights that sum to 2^8 and mirror each other, taps odd; the sum between the passes is less 2^15.
  void (*gaussian_down)(const uint8_t* const* rows, int64_t n, const int16_t* weights, int64_t taps, int16_t* sums);
  void (*gaussian_across)(const int16_t* sums, int64_t n, int64_t step, const int16_t* weights, int64_t taps,
                          uint8_t* dst);
  // Any weights of which the first sum fits 32 bits.
  void (*fixed_down_u8)(const uint8_t* const* rows, int64_t n, const uint32_t* weights, int64_t taps, uint32_t* sums);
  void (*fixed_down_u16)(const uint16_t* const* rows, int64_t n, const uint32_t* weights, int64_t taps, uint32_t* sums);
  void (*fixed_across_u8)(const uint32_t* sums, int64_t n, int64_t step, const uint32_t* weights, int64_t taps,
                          const Rounding& rounding, uint8_t* dst);
  void (*fixed_across_u16)(const uint32_t* sums, int64_t n, int64_t step, const uint32_t* weights, int64_t taps,
                           const Rounding& rounding, uint16_t* dst);
  // Weights of 1, and the mean of the window's `divisor` <= kMostBox samples, rounded half up.
  void (*box_down)(const uint8_t* const* rows, int64_t n, int64_t taps, uint32_t* sums);
  void (*box_across)(const uint32_t* sums, int64_t n, int64_t step, int64_t taps, int64_t divisor, uint8_t* dst);
  // The same for 2 <= divisor <= kMostNarrowBox.
  void (*narrow_box_down)(const uint8_t* const* rows, int64_t n, int64_t taps, uint16_t* sums);
  void (*narrow_box_across)(const uint16_t* sums, int64_t n, int64_t step, int64_t taps, int64_t divisor, uint8_t* dst);
  // In the order of the taps, every product and sum rounded.
  void (*real_down)(const float* const* rows, int64_t n, const float* weights, int64_t taps, float* sums);
  void (*real_across)(const float* sums, int64_t n, int64_t step, const float* weights, int64_t taps, float* dst);

  // Pillow's Sharpness of a row of n samples, `rows` being the ones above, at and below it: the smoothed row, except
  // for its first and last pixel, blended with the row itself by `factor`.
  void (*sharpness_u8)(const uint8_t* const* rows, int64_t n, int64_t step, float factor, uint8_t* dst);
  void (*sharpness_u16)(const uint16_t* const* rows, int64_t n, int64_t step, float factor, uint16_t* dst);
  void (*sharpness_f32)(const float* const* rows, int64_t n, int64_t step, float factor, float* dst);
};

TWL_KERNEL_TABLE(ConvolveKernels, convolve)

}  // namespace twinlens
