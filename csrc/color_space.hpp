// OpenCV's 8-bit HSV and YCrCb, matrices on colours, and channels put in another order.
#pragma once
#include "isa.hpp"
#include "view.hpp"

namespace twinlens {

// 2^12 * 255 / v, and 2^12 * 30 / d, rounded; 0 for 0.
struct HsvTables {
  int32_t saturation[256];
  int32_t hue[256];
};

// Rows of three factors and an offset: in 10 bits for uint8, float32 for the rest, cut off at 0 and max.
struct ColorMatrix {
  int32_t fixed[3][4];
  float real[3][4];
  float max;
};

// Pictures of three channels and equal size, any strides; src and dst may not overlap.
struct ColorSpaceKernels {
  void (*rgb_to_hsv)(const View& src, const View& dst, const HsvTables& tables);
  void (*hsv_to_rgb)(const View& src, const View& dst);
  void (*rgb_to_ycrcb)(const View& src, const View& dst);
  void (*ycrcb_to_rgb)(const View& src, const View& dst);
  void (*matrix)(const View& src, const View& dst, const ColorMatrix& m);
  // dst[3 i + k] = src[3 i + order[k]], or fill[k] where order[k] is negative.
  void (*reorder_rgb)(const uint8_t* src, uint8_t* dst, int64_t n, const int64_t* order, const uint8_t* fill);
};
TWL_KERNEL_TABLE(ColorSpaceKernels, color_space)

enum class ColorSpaceKind { rgb_to_hsv = 0, hsv_to_rgb = 1, rgb_to_ycrcb = 2, ycrcb_to_rgb = 3 };

// Three channels of uint8.
void convert_color_space(const View& src, const View& dst, ColorSpaceKind kind);

}  // namespace twinlens
