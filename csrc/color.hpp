// Conversions between colour spaces. OpenCV's and Pillow's 8-bit arithmetic, bit for bit.
#pragma once
#include "arena.hpp"
#include "kernels.hpp"

namespace twinlens {

enum class ColorKind { gray_pillow = 0, gray_opencv = 1, swap_rb = 2, rgb_to_lab = 3, lab_to_rgb = 4 };

// dst has the size and dtype of src and may not overlap it. Any strides.
// gray_*: uint8 (Pillow's 16-bit or OpenCV's 15-bit weights), uint16 (the same integer weights, which is also what
// OpenCV does), float32 ((r * .299 + g * .587) + b * .114, each operation rounded, for both kinds). From 3 channels to
// 1, or to 3 equal ones. swap_rb: 3 or 4 channels of uint8, uint16, float32. Lab: 3 channels of uint8, sRGB, D65.
void convert_color(const View& src, const View& dst, ColorKind kind, Arena& arena);

const GrayWeights& pillow_gray();

}  // namespace twinlens
