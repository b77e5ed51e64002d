// A non-owning view of one image. Kernels see this and plain pointers, nothing else.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace twinlens {

enum class DType : int32_t { u8 = 0, u16 = 1, f32 = 2, f16 = 3, bf16 = 4 };

// Strides are in bytes and may be negative. Interleaved: sc = item size, sx = c * sc. Planar: sx = item size.
struct View {
  uint8_t* data;
  int64_t h, w, c;
  int64_t sy, sx, sc;
  DType dtype;
};

}  // namespace twinlens
