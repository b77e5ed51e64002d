// Tables of 256 bytes for 8-bit pixels, and those that follow from a picture's histogram.
#pragma once
#include "isa.hpp"
#include "view.hpp"

namespace twinlens {

struct LutKernels {
  // dst[i] = table[src[i]], i < n; dst may be src.
  void (*apply)(const uint8_t* src, uint8_t* dst, int64_t n, const uint8_t* table);
  // n interleaved pixels of three bytes through tables[3][256], one a channel; dst may be src.
  void (*apply_rgb)(const uint8_t* src, uint8_t* dst, int64_t n, const uint8_t* tables);
};
TWL_KERNEL_TABLE(LutKernels, lut)

constexpr int64_t kBins = 256;

// uint8, any strides; tables[count][256], one for all channels or one for each. dst may be src.
void apply_tables(const View& src, const View& dst, const uint8_t* tables, int64_t count);

enum class HistogramKind : int64_t { autocontrast = 0, equalize = 1, equalize_opencv = 2, otsu = 3 };
enum class ThresholdKind : int64_t { binary = 0, binary_inv = 1, trunc = 2, tozero = 3, tozero_inv = 4 };

struct HistogramSpec {
  HistogramKind kind;
  ThresholdKind threshold;  // of otsu
  double low, high;         // autocontrast: the percentages of darkest and lightest pixels to leave out
  uint8_t max_value;        // of otsu
};

// How often each value occurs in one channel.
void count_values(const View& channel, int64_t* counts);

// The same of all channels, counts[c][256].
void count_channels(const View& v, int64_t* counts);

// The table of a channel with these counts: Pillow's autocontrast and equalize, OpenCV's equalizeHist and Otsu.
void histogram_table(const int64_t* counts, const HistogramSpec& spec, uint8_t* table);

}  // namespace twinlens
