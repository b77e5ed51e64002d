// Rectangles of a picture filled with constants or random samples.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

enum class EraseFill : int64_t { constant = 0, uniform = 1, normal = 2 };

struct Hole {
  int64_t y, x, h, w;
};

struct EraseSpec {
  EraseFill fill;
  uint64_t seed;        // of random fills
  const float* values;  // [c] of the hole
  uint16_t* bits;       // scratch of as many as a row of the hole has samples
};

struct EraseKernels {
  // Fills one hole, inside the picture, of uint8, uint16 or float32; any strides.
  void (*erase)(const View& picture, const Hole& hole, const EraseSpec& spec, const float* normals);
};

TWL_KERNEL_TABLE(EraseKernels, erase_kernels)

}  // namespace twinlens
