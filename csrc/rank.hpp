// Kernels of the filters that choose a sample of a window: medians, the smallest, the largest. Rows are arrays of
// samples: `step` is how many of them lie between a sample and its right neighbour.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

// Samples of a row, those between a pixel and the next, and those between rows of scratch.
struct MedianRow {
  int64_t n, step, stride;
};

struct RankKernels {
  // Medians of size x size samples, size 3, 5 or 7, around those of rows[size / 2]; what is beyond the ends of the rows
  // repeats their last pixels. `sorted` is scratch: size rows of n + (size - 1) * step samples.
  void (*median_u8)(int64_t size, const uint8_t* const* rows, const MedianRow& row, uint8_t* sorted, uint8_t* dst);
  void (*median_u16)(int64_t size, const uint16_t* const* rows, const MedianRow& row, uint16_t* sorted, uint16_t* dst);
  void (*median_f32)(int64_t size, const float* const* rows, const MedianRow& row, float* sorted, float* dst);
  // For any odd size up to 255, by counting: dst[i] of rows[0..size)[i + c * step], c < size.
  void (*median_counted)(int64_t size, const uint8_t* const* rows, int64_t n, int64_t step, uint8_t* dst);
  // dst[i] is the largest, or the smallest, of taps[0..count)[i].
  void (*extreme_u8)(const uint8_t* const* taps, int64_t count, int64_t n, bool largest, uint8_t* dst);
  void (*extreme_u16)(const uint16_t* const* taps, int64_t count, int64_t n, bool largest, uint16_t* dst);
  void (*extreme_f32)(const float* const* taps, int64_t count, int64_t n, bool largest, float* dst);
};

TWL_KERNEL_TABLE(RankKernels, rank)

}  // namespace twinlens
