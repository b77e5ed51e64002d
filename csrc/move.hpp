// Pixels change places: rows turned round, rows and columns exchanged.
#pragma once
#include "isa.hpp"
#include "view.hpp"

namespace twinlens {

// Pixels are `pixel` bytes, side by side on both sides; dst is not src.
struct MoveKernels {
  // dst[i] = src[n - 1 - i]; false, and nothing done, for a size of pixels that it does not know.
  bool (*reverse_row)(const uint8_t* src, uint8_t* dst, int64_t n, int64_t pixel);
  // The pixel (y, x) of dst is that of src, whose columns lie together: src.sy is `pixel`. The rest as reverse_row.
  bool (*transpose)(const View& src, const View& dst, int64_t pixel);
};
TWL_KERNEL_TABLE(MoveKernels, move)

}  // namespace twinlens
