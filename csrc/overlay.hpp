// Polygons of a picture multiplied by a factor.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

struct OverlayKernels {
  // Multiplies n pixels of row y from column x by `factor`, in place: uint8, uint16 or float32, any strides.
  void (*scale_span)(const View& picture, int64_t y, int64_t x, int64_t n, float factor);
};

TWL_KERNEL_TABLE(OverlayKernels, overlay_kernels)

}  // namespace twinlens
