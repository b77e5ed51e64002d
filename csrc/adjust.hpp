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

// A factor in integers: d + factor * (v - d), cut off and truncated, is d + whole * w + (w * part >> 16), cut off,
// where w = v - d, and for w < 0 `below` stands for `part`. `exact`: proved for all v and d of 8 bits; then no sum
// leaves 16 bits.
struct WordFactor {
  int16_t whole, part, below;
  bool exact;
};

// One walk over the pixels may take several of these: values through a table, or d + factor * (v - d) where d is one
// value or the pixel's gray.
struct AdjustStage {
  enum class Kind { table, toward_value, toward_gray } kind;
  const uint8_t* table;  // of 256, for all channels
  uint8_t value;
  float factor;
  WordFactor words;  // exact, but for toward_gray, which can do without
};

struct AdjustKernels {
  // Three channels, any strides, through all stages. Returns the sum of the results' grays if `sums`. dst may be src,
  // and nullptr where only the sum is wanted. The weights are Pillow's: of 16 bits.
  uint64_t (*run)(const View& src, const View* dst, const AdjustStage* stages, int64_t count,
                  const GrayWeights& weights, bool sums);
  // Adds `shift` to the hue of Pillow's 8-bit HSV, which wraps. dst is not src.
  void (*turn_hue)(const View& src, const View& dst, int32_t shift, const HueTables& tables);
};
TWL_KERNEL_TABLE(AdjustKernels, adjust)

enum class AdjustKind : int64_t { brightness = 0, contrast = 1, saturation = 2, hue = 3 };

struct Adjustment {
  AdjustKind kind;
  double amount;  // the factor, or for hue what is added to it, 0..255
};

// uint8 of 1 or 3 channels, and alpha behind them that stays; saturation and hue want 3.
void adjust_pixels(const View& src, const View& dst, const Adjustment& what, bool alpha);

// Brightness, contrast and saturation of three channels, one after the other, in as few walks as they allow.
void adjust_colours(const View& src, const View& dst, const Adjustment* list, int64_t count);
constexpr int64_t kMostAdjustments = 8;  // of one call

}  // namespace twinlens
