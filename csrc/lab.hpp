// OpenCV's 8-bit Lab.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

// Tables of int32, matrices in 12 bits.
struct LabTables {
  const int32_t* linear;     // [256] bytes of RGB to linear light, 0..2040
  const int32_t* root;       // [3072] CIE f in 15 bits
  const int32_t* lightness;  // [256] of L: Y in the low 16 bits, f(Y) in the high 16, both in 14 bits
  const int32_t* gamma;      // [4096] linear light to bytes of RGB
  int32_t to_xyz[9], to_rgb[9];
  // [256] `linear` and the Y of `lightness`. nullptr where `linear` and `gamma` are not those of sRGB.
  const uint16_t* linear16;
  const uint16_t* luminance16;
};

// Pictures of three bytes a pixel and equal size, any strides, not the same memory.
struct LabKernels {
  void (*rgb_to_lab)(const View& src, const View& dst, const LabTables& tables);
  void (*lab_to_rgb)(const View& src, const View& dst, const LabTables& tables);
};

TWL_KERNEL_TABLE(LabKernels, lab_kernels)

const LabTables& srgb_tables();

void rgb_to_lab(const View& src, const View& dst, const LabTables& tables);
void lab_to_rgb(const View& src, const View& dst, const LabTables& tables);

}  // namespace twinlens
