// Brightness, contrast, saturation and hue of 8-bit pictures in Pillow's arithmetic.
#pragma once
#include "isa.hpp"
#include "kernels.hpp"
#include "view.hpp"

namespace twinlens {

// What Pillow's HSV to RGB makes of a hue and of a saturation, as bit patterns of float32 and integers.
struct HueTables {
  alignas(64) int32_t sector[256];      // of a hue, 0..5
  alignas(64) int32_t fraction[256];    // of a hue within its sector, float32
  alignas(64) int32_t saturation[256];  // s / 255, float32
};

struct AdjustKernels {
  // The sum of all grays of three channels, any strides.
  uint64_t (*gray_sum)(const View& src, const GrayWeights& weights);
  // gray + factor * (v - gray) of three channels, truncated and clipped. dst is not src.
  void (*saturate)(const View& src, const View& dst, float factor, const GrayWeights& weights);
  // Adds `shift` to the hue of Pillow's 8-bit HSV, which wraps. dst is not src.
  void (*turn_hue)(const View& src, const View& dst, int32_t shift, const HueTables& tables);
};
TWL_KERNEL_TABLE(AdjustKernels, adjust)

enum class AdjustKind : int64_t { brightness = 0, contrast = 1, saturation = 2, hue = 3 };

// uint8 of 1 or 3 channels, and alpha behind them that stays; saturation and hue want 3. `amount` is the factor, or for
// hue what is added to it, 0..255.
void adjust_pixels(const View& src, const View& dst, AdjustKind kind, double amount, bool alpha);

}  // namespace twinlens
