// The table of kernels. One instance an ISA; every instance computes the same bits.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

// Where sixteen bytes of a row that hold what one lane of AVX-512 needs begin. A block is 4 outputs of three or four
// bytes a pixel, a lane each, or 16 of one byte, 4 a lane.
struct Spread {
  alignas(64) int32_t dwords[16];  // of the block's 64 bytes, four a lane
  uint8_t picks[64];               // of each lane's 16 bytes: four taps side by side
  int64_t at;                      // of the 64 bytes in the row; the g-th group of taps lies g * 4 pixels further
};

// Filter weights of one axis in Pillow's 22-bit fixed point, in the forms that the kernels read.
// Output i takes groups * 4 consecutive source samples from start[i]; taps that only fill up a group weigh 0.
// Every form has the outputs side by side, so that a kernel reads 16 at a time or broadcasts one; `stride` counts 16
// more than there are, which repeat the last. Of bytes and words there is the one that the active ISA reads.
struct FixedWeights {
  int64_t groups;
  int64_t stride;
  const int32_t* start;  // [stride]
  const int32_t* k;      // [groups * 4][stride]
  const int32_t* bytes;  // [groups][3][stride]: four int8 each, k = b0 + 2^8 b1 + 2^16 b2
  const Spread* spread;  // [outputs / 4, or / 16]; null where windows lie too far apart for it
  const int32_t* words;  // [groups][4][stride]: two int16 each, k = w0 + 2^12 w1: w0 of taps 0 2, 1 3, w1 of 0 2, 1 3
};

// Unquantised weights for uint16 and float32; output i takes count[i] samples from start[i].
struct RealWeights {
  int64_t stride;
  const int32_t* start;  // [stride]
  const int32_t* count;  // [stride]
  const double* w;       // [taps][stride]
};

// ((x / max) - mean) / std as correctly rounded products: q = fma(x, hi, x * lo).
struct NormalizeChannel {
  float inv_max_hi, inv_max_lo, mean, inv_std_hi, inv_std_lo;
  float std;
  const float* table;  // [256], what every path must equal for uint8 input
};

struct NormalizeSpec {
  const NormalizeChannel* channel;  // [c]
  float max;                        // 1 where the input is not rescaled
  bool fma_is_exact;                // proved on all 256 inputs
  bool affine;                      // whether mean and std apply
  bool slack;                       // whether 4 bytes behind a source row may be read
};

// Gray as a weighted sum: integers over 2^shift for integer samples, `real` for float32.
struct GrayWeights {
  uint32_t fixed[3];
  int shift;
  float real[3];
};

// A tile of CLAHE. clip_limit 0: no clipping; scale: (bins - 1) / (h * w).
struct ClaheTile {
  int64_t h, w;
  int32_t clip_limit;
  float scale;
};

// Column x blends tile region[x] - 1, weighing 1 - weight[x], with tile region[x]; clamped to the tiles there are.
struct ClaheColumns {
  const int32_t* region;
  const float* weight;
  const int32_t* end;  // [tiles + 1] of each region: the column behind its last
};

// The taps of the outputs of an axis, index[n][taps] in samples; of the weights one is set.
struct CvTaps {
  int64_t n, taps;
  const int32_t* index;
  const int32_t* fixed;
  const float* real;
};

// Two neighbouring taps for uint8: pair = a0 + 2^16 a1, each stored `repeat` times (once for one channel, else four).
struct CvPairs {
  int64_t n, repeat;
  const int32_t* start;
  const int32_t* pair;
};

// One row of n means over blocks of pixels. quad: (sum + 2) >> 2; else sum * scale, rounded for integers.
struct CvBlock {
  int64_t n, channels, block_h, block_w;
  int64_t row_stride;  // of the source, bytes
  DType dtype;
  bool quad;
  float scale;
};

struct Kernels {
  // One row of outputs first .. first + n for each of `rows` source rows, channels interleaved, source pixels `pixel`
  // bytes apart: as many as channels, or 4 for 3. Needs a source width of at least groups * 4; reads up to 4 bytes
  // behind a source row and writes up to 64 before and behind a destination row.
  void (*resample_h_u8)(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t channels, int64_t pixel,
                        int64_t first, int64_t n, const FixedWeights& weights);
  // dst[j] = clip((2^21 + sum over t of k[output][t] * src[t][j]) >> 22), j < n bytes; src holds groups * 4 rows.
  void (*resample_v_u8)(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output,
                        const FixedWeights& weights);
  // uint16 and float32, any strides; outputs first .. of the axis, one output an element of dst's axis.
  void (*resample_h_real)(const View& src, const View& dst, int64_t first, const RealWeights& weights);
  void (*resample_v_real)(const View& src, const View& dst, int64_t first, const RealWeights& weights);

  // Any of uint8, uint16, float32 to float32, float16, bfloat16; any strides, interleaved or planar on either side.
  void (*normalize)(const View& src, const View& dst, const NormalizeSpec& spec);

  // One channel, any dtype but of equal item size, any strides.
  void (*copy_plane)(const View& src, const View& dst);
  // n pixels of three bytes, four apart, to three apart.
  void (*pack_rgb)(const uint8_t* src, uint8_t* dst, int64_t n);
  void (*gray)(const View& src, const View& dst, const GrayWeights& weights);
  void (*swap_rb)(const View& src, const View& dst);

  // The equalisation table, lut[bins], of the tile at column x0 of the rows; hist is scratch of 1024 or 65536 counts.
  void (*clahe_lut_u8)(const uint8_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist, uint8_t* lut);
  void (*clahe_lut_u16)(const uint16_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist, uint16_t* lut);
  // packed[tiles + 1][256]: the four tables that a region between tile centres blends, from two rows of tiles.
  void (*clahe_pack_u8)(const uint8_t* upper, const uint8_t* lower, int64_t tiles, int32_t* packed);
  // dst.h rows, which may be those of dst, b[y] the weight of the lower tiles. dst: one channel, pixels side by side.
  // Reads the columns in whole blocks of 64.
  void (*clahe_blend_u8)(const uint8_t* const* src, const View& dst, const int32_t* packed, const ClaheColumns& at,
                         const float* b);
  void (*clahe_blend_u16)(const uint16_t* const* src, const View& dst, const uint16_t* upper, const uint16_t* lower,
                          int64_t tiles, const ClaheColumns& at, const float* b);

  // OpenCV's resize, one row of pixels at a time, channels interleaved. The horizontal passes write up to 16 bytes
  // behind the row, and cv_real_h reads as many.
  void (*cv_nearest_row)(const uint8_t* src, uint8_t* dst, int64_t n, int64_t pixel_bytes, const int32_t* index);
  void (*cv_pairs_h)(const uint8_t* src, uint16_t* dst, int64_t src_items, int64_t channels, const CvPairs& pairs,
                     int shift);
  void (*cv_linear_v_u8)(const uint16_t* row0, const uint16_t* row1, const int32_t* weights, uint8_t* dst,
                         int64_t items);
  void (*cv_exact_v_u8)(const uint16_t* row0, const uint16_t* row1, const int32_t* weights, uint8_t* dst,
                        int64_t items);
  void (*cv_exact_h_u16)(const uint8_t* src, uint32_t* dst, int64_t channels, const CvTaps& taps);
  void (*cv_exact_v_u16)(const uint32_t* row0, const uint32_t* row1, const int32_t* weights, uint8_t* dst,
                         int64_t items);
  void (*cv_cubic_h_u8)(const uint8_t* src, int32_t* dst, int64_t src_items, int64_t channels, const CvTaps& taps);
  void (*cv_cubic_v_u8)(const int32_t* const* rows, const int32_t* weights, uint8_t* dst, int64_t items);
  void (*cv_widen)(DType dtype, const uint8_t* src, float* dst, int64_t items);
  void (*cv_real_h)(const float* src, float* dst, int64_t channels, const CvTaps& taps);
  void (*cv_real_v)(const float* const* rows, const float* weights, int64_t taps, DType dtype, uint8_t* dst,
                    int64_t items);
  // column: n * block_w * channels counts of scratch; mean: n * channels.
  void (*cv_block_row)(const CvBlock& block, const uint8_t* src, uint8_t* dst, uint32_t* column, float* mean);
};

TWL_KERNEL_TABLE(Kernels, table)

}  // namespace twinlens
