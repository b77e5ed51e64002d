// The table of kernels. One instance an ISA; every instance computes the same bits.
#pragma once
#include "image.hpp"

namespace twinlens {

// Filter weights of one axis in Pillow's 22-bit fixed point, in the forms that the kernels read.
// Output i takes groups * 4 consecutive source samples from start[i]; taps that only fill up a group weigh 0.
struct FixedWeights {
  int64_t groups;
  const int32_t* start;  // [outputs]
  const int32_t* k;      // [outputs][groups][4]
  const int8_t* bytes;   // [outputs][groups][3][4]: k = b0 + 2^8 b1 + 2^16 b2, each in -128..127
  const int16_t* words;  // [outputs][groups][2][4]: k = w0 + 2^12 w1, taps in the order 0 2 1 3
};

// Unquantised weights for uint16 and float32; output i takes count[i] samples from start[i].
struct RealWeights {
  int64_t taps;           // row length of w
  const int32_t* start;   // [outputs]
  const int32_t* count;   // [outputs]
  const double* w;        // [outputs][taps]
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
};

struct Kernels {
  // One output row of `n` items for each of `rows` source rows; outputs first .. first + n of the table.
  // Reads up to 15 bytes behind the last sample of a source row. Needs source width >= groups * 4.
  void (*resample_h_u8)(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t channels, int64_t first,
                        int64_t n, const FixedWeights& weights);
  // dst[j] = sum over t of k[output][t] * src[t][j], j < n bytes; src holds groups * 4 rows.
  void (*resample_v_u8)(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output,
                        const FixedWeights& weights);
  // uint16 and float32, any strides; outputs first .. of the axis, one output an element of dst's axis.
  void (*resample_h_real)(const View& src, const View& dst, int64_t first, const RealWeights& weights);
  void (*resample_v_real)(const View& src, const View& dst, int64_t first, const RealWeights& weights);

  // Any of uint8, uint16, float32 to float32, float16, bfloat16; any strides, interleaved or planar on either side.
  void (*normalize)(const View& src, const View& dst, const NormalizeSpec& spec);
};

enum class Isa : int { baseline = 0, avx2 = 1, avx512 = 2 };

namespace baseline {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}

}  // namespace twinlens
