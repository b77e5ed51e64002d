#include "copy.hpp"

#include <cstring>

#include "dispatch.hpp"
#include "move.hpp"

namespace twinlens {
namespace {

template <typename T>
void copy_items(const View& src, const View& dst) {
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* p = src.data + y * src.sy;
    uint8_t* q = dst.data + y * dst.sy;
    for (int64_t c = 0; c < src.c; ++c)
      for (int64_t x = 0; x < src.w; ++x)
        std::memcpy(q + x * dst.sx + c * dst.sc, p + x * src.sx + c * src.sc, sizeof(T));
  }
}

template <int64_t N>
void copy_pixels(const View& src, const View& dst) {
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* p = src.data + y * src.sy;
    uint8_t* q = dst.data + y * dst.sy;
    for (int64_t x = 0; x < src.w; ++x) std::memcpy(q + x * dst.sx, p + x * src.sx, N);
  }
}

bool pixels_together(const View& v) { return v.c == 1 || v.sc == item_size(v.dtype); }

View upside_down(View v) {
  v.data += (v.h - 1) * v.sy;
  v.sy = -v.sy;
  return v;
}

// Pixels of `pixel` bytes, side by side in dst, that lie backwards in src, or down its columns.
bool move_pixels(const View& src, const View& dst, int64_t pixel) {
  const MoveKernels& k = TWL_KERNELS(move);
  if (dst.sx != pixel) return false;
  if (src.sy == -pixel) return k.transpose(upside_down(src), upside_down(dst), pixel);
  if (src.sy == pixel) return k.transpose(src, dst, pixel);
  if (src.sx != -pixel) return false;
  const uint8_t* first = src.data + (src.w - 1) * src.sx;
  for (int64_t y = 0; y < src.h; ++y)
    if (!k.reverse_row(first + y * src.sy, dst.data + y * dst.sy, src.w, pixel)) return false;
  return true;
}

// One channel after the other, which lies together in rows or in columns.
bool by_planes(const View& src, const View& dst) {
  const int64_t item = item_size(src.dtype);
  return src.c > 1 && planar(dst) && (src.sx == item || src.sx == -item || src.sy == item || src.sy == -item);
}

}  // namespace

void copy(const View& src, const View& dst) {
  const int64_t item = item_size(src.dtype);
  if (interleaved(src) && interleaved(dst)) {
    for (int64_t y = 0; y < src.h; ++y)
      std::memcpy(dst.data + y * dst.sy, src.data + y * src.sy, static_cast<size_t>(src.w * src.c * item));
    return;
  }
  if (by_planes(src, dst)) {
    for (int64_t c = 0; c < src.c; ++c) copy(plane(src, c), plane(dst, c));
    return;
  }
  if (padded(src) && interleaved(dst)) {
    for (int64_t y = 0; y < src.h; ++y) kernels().pack_rgb(src.data + y * src.sy, dst.data + y * dst.sy, src.w);
    return;
  }
  if (pixels_together(src) && pixels_together(dst)) {
    if (move_pixels(src, dst, src.c * item)) return;
    switch (src.c * item) {
      case 1:
        return copy_pixels<1>(src, dst);
      case 2:
        return copy_pixels<2>(src, dst);
      case 3:
        return copy_pixels<3>(src, dst);
      case 4:
        return copy_pixels<4>(src, dst);
      case 6:
        return copy_pixels<6>(src, dst);
      case 12:
        return copy_pixels<12>(src, dst);
      default:
        break;
    }
  }
  if (dst.sx == item || src.sx == item) {  // channels apart on one side: a vector of one channel at a time
    for (int64_t c = 0; c < src.c; ++c) kernels().copy_plane(plane(src, c), plane(dst, c));
    return;
  }
  if (item == 1) {
    copy_items<uint8_t>(src, dst);
  } else if (item == 2) {
    copy_items<uint16_t>(src, dst);
  } else {
    copy_items<uint32_t>(src, dst);
  }
}

}  // namespace twinlens
