#include "pad.hpp"

#include <cstring>

#include "copy.hpp"

namespace twinlens {
namespace {

// Where index i, which may lie outside 0 .. n-1, is read from.
int64_t source_index(int64_t i, int64_t n, PadMode mode) {
  if (i >= 0 && i < n) return i;
  if (mode == PadMode::edge || n == 1) return i < 0 ? 0 : n - 1;
  const int64_t period = mode == PadMode::reflect ? 2 * (n - 1) : 2 * n;
  const int64_t at = ((i % period) + period) % period;
  if (at < n) return at;
  return mode == PadMode::reflect ? period - at : period - 1 - at;
}

template <typename T>
void fill_all(const View& dst, const double* fill, int64_t fills) {
  for (int64_t c = 0; c < dst.c; ++c) {
    const T value = static_cast<T>(fill[fills == 1 ? 0 : c]);
    for (int64_t y = 0; y < dst.h; ++y)
      for (int64_t x = 0; x < dst.w; ++x)
        std::memcpy(dst.data + y * dst.sy + x * dst.sx + c * dst.sc, &value, sizeof(T));
  }
}

void copy_outside(const View& src, const View& dst, int64_t top, const int32_t* columns, PadMode mode, bool inner_rows,
                  int64_t x0, int64_t x1) {
  const auto item = static_cast<size_t>(item_size(src.dtype));
  for (int64_t y = 0; y < dst.h; ++y) {
    const bool inner = y >= top && y < top + src.h;
    if (inner != inner_rows) continue;
    const uint8_t* p = src.data + source_index(y - top, src.h, mode) * src.sy;
    for (int64_t x = x0; x < x1; ++x)
      for (int64_t c = 0; c < src.c; ++c)
        std::memcpy(dst.data + y * dst.sy + x * dst.sx + c * dst.sc, p + columns[x] * src.sx + c * src.sc, item);
  }
}

}  // namespace

void pad(const View& src, const View& dst, int64_t top, int64_t left, PadMode mode, const double* fill, int64_t fills,
         int32_t* columns) {
  if (mode == PadMode::constant) {
    if (dst.dtype == DType::u8) {
      fill_all<uint8_t>(dst, fill, fills);
    } else if (dst.dtype == DType::u16) {
      fill_all<uint16_t>(dst, fill, fills);
    } else {
      fill_all<float>(dst, fill, fills);
    }
  } else {
    for (int64_t x = 0; x < dst.w; ++x) columns[x] = static_cast<int32_t>(source_index(x - left, src.w, mode));
    copy_outside(src, dst, top, columns, mode, false, 0, dst.w);
    copy_outside(src, dst, top, columns, mode, true, 0, left);
    copy_outside(src, dst, top, columns, mode, true, left + src.w, dst.w);
  }
  copy(src, window(dst, top, left, src.h, src.w));
}

}  // namespace twinlens
