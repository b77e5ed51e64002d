// What the code outside the kernels (compiled once, for the baseline ISA) asks of a view.
#pragma once
#include "image.hpp"

namespace twinlens {

inline int64_t item_size(DType t) { return t == DType::u8 ? 1 : t == DType::f32 ? 4 : 2; }

inline bool interleaved(const View& v) {
  const int64_t item = item_size(v.dtype);
  return (v.c == 1 || v.sc == item) && v.sx == v.c * item;
}

inline bool planar(const View& v) { return v.sx == item_size(v.dtype); }

// Three bytes in every four, as Pillow keeps RGB.
inline bool padded(const View& v) { return v.dtype == DType::u8 && v.c == 3 && v.sc == 1 && v.sx == 4; }

inline View plane(const View& v, int64_t channel) {
  View p = v;
  p.data += channel * v.sc;
  p.c = 1;
  p.sc = item_size(v.dtype);
  return p;
}

inline View window(const View& v, int64_t y, int64_t x, int64_t h, int64_t w) {
  View p = v;
  p.data += y * v.sy + x * v.sx;
  p.h = h;
  p.w = w;
  return p;
}

// A dense view over memory of h * w * c items, interleaved or planar.
inline View dense(uint8_t* data, int64_t h, int64_t w, int64_t c, DType t, bool as_planar) {
  const int64_t item = item_size(t);
  if (as_planar) return View{data, h, w, c, w * item, item, h * w * item, t};
  return View{data, h, w, c, w * c * item, c * item, item, t};
}

}  // namespace twinlens
