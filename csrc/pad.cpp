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

// Pixels whose samples lie side by side: an interleaved picture, or one plane. Steps may be any.
struct Pixels {
  View view;
  int64_t size;  // bytes of one

  uint8_t* at(int64_t y, int64_t x) const { return view.data + y * view.sy + x * view.sx; }

  // n pixels of a row from those at (y, x) of the same picture, which do not overlap them.
  void copy(uint8_t* to, int64_t y, int64_t x, int64_t n) const {
    const uint8_t* from = at(y, x);
    if (view.sx == size) {
      std::memcpy(to, from, static_cast<size_t>(n * size));
      return;
    }
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * view.sx, from + i * view.sx, static_cast<size_t>(size));
  }
};

// Calls f(pixels, first channel, how many channels) for the whole picture, or plane by plane.
template <typename F>
void each_pixels(const View& v, F f) {
  const int64_t item = item_size(v.dtype);
  if (v.c == 1 || v.sc == item) return f(Pixels{v, v.c * item}, 0, v.c);
  for (int64_t c = 0; c < v.c; ++c) f(Pixels{plane(v, c), item}, c, 1);
}

// What is filled doubles with every copy.
template <typename T>
void fill_pixels(const Pixels& dst, int64_t y, int64_t x, int64_t n, const double* fill, int64_t fills) {
  if (n <= 0) return;
  const int64_t item = static_cast<int64_t>(sizeof(T));
  for (int64_t c = 0; c < dst.size / item; ++c) {
    const T value = static_cast<T>(fill[fills == 1 ? 0 : c]);
    std::memcpy(dst.at(y, x) + c * item, &value, sizeof(T));
  }
  for (int64_t done = 1; done < n; done *= 2) dst.copy(dst.at(y, x + done), y, x, done < n - done ? done : n - done);
}

template <typename T>
void fill_around(const Pixels& dst, int64_t top, int64_t left, int64_t h, int64_t w, const double* fill,
                 int64_t fills) {
  const int64_t right = left + w, width = dst.view.w;
  int64_t filled = -1;  // a row with nothing else in it
  for (int64_t y = 0; y < dst.view.h; ++y) {
    if (y >= top && y < top + h) {
      fill_pixels<T>(dst, y, 0, left, fill, fills);
      fill_pixels<T>(dst, y, right, width - right, fill, fills);
    } else if (filled < 0) {
      fill_pixels<T>(dst, y, 0, width, fill, fills);
      filled = y;
    } else {
      dst.copy(dst.at(y, 0), filled, 0, width);
    }
  }
}

// The columns beside the picture, then whole rows above and below it from those in it.
void mirror_around(const Pixels& dst, int64_t top, int64_t left, int64_t h, int64_t w, PadMode mode) {
  const auto fill_column = [&](int64_t x) {
    const int64_t from = left + source_index(x - left, w, mode);
    for (int64_t y = top; y < top + h; ++y) dst.copy(dst.at(y, x), y, from, 1);
  };
  for (int64_t x = 0; x < left; ++x) fill_column(x);
  for (int64_t x = left + w; x < dst.view.w; ++x) fill_column(x);
  for (int64_t y = 0; y < dst.view.h; ++y)
    if (y < top || y >= top + h) dst.copy(dst.at(y, 0), top + source_index(y - top, h, mode), 0, dst.view.w);
}

}  // namespace

void pad(const View& src, const View& dst, int64_t top, int64_t left, PadMode mode, const double* fill, int64_t fills) {
  copy(src, window(dst, top, left, src.h, src.w));
  each_pixels(dst, [&](const Pixels& pixels, int64_t first, int64_t channels) {
    if (mode != PadMode::constant) return mirror_around(pixels, top, left, src.h, src.w, mode);
    const double* values = fills == 1 ? fill : fill + first;
    const int64_t count = fills == 1 ? 1 : channels;
    if (dst.dtype == DType::u8)
      fill_around<uint8_t>(pixels, top, left, src.h, src.w, values, count);
    else if (dst.dtype == DType::u16)
      fill_around<uint16_t>(pixels, top, left, src.h, src.w, values, count);
    else
      fill_around<float>(pixels, top, left, src.h, src.w, values, count);
  });
}

}  // namespace twinlens
