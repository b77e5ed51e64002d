// Pictures in memory of their own, exactly as large as they need, so that AddressSanitizer sees every step outside.
#pragma once
#include <cstring>
#include <memory>
#include <vector>

#include "check.hpp"
#include "view.hpp"

namespace twinlens::tests {

struct Shape {
  int64_t h, w, c;
  DType dtype;
};

enum class Layout { interleaved, planar, gaps, padded, reversed };

class Picture {
 public:
  // Filled with `byte`; gaps: every second column of a wider picture; padded: a channel behind every pixel; reversed:
  // both axes run backwards.
  Picture(const Shape& s, Layout layout, uint8_t byte) {
    const int64_t item = item_size(s.dtype), step = layout == Layout::gaps ? 2 : 1;
    const int64_t wide = (s.w - 1) * step + 1;
    const int64_t channels = s.c + (layout == Layout::padded ? 1 : 0);
    size_ = static_cast<size_t>(s.h * wide * channels * item);
    memory_.reset(new uint8_t[size_]);
    std::memset(memory_.get(), byte, size_);
    view = dense(memory_.get(), s.h, wide, channels, s.dtype, layout == Layout::planar);
    view.c = s.c;
    view.w = s.w;
    view.sx *= step;
    if (layout == Layout::reversed) {
      view.data += (s.h - 1) * view.sy + (s.w - 1) * view.sx;
      view.sy = -view.sy;
      view.sx = -view.sx;
    }
  }

  // Integers over their whole range, or extremes only; floats in 0..1.
  void fill(Random& random, bool extremes) {
    each([&](uint8_t* at) {
      const uint64_t bits = extremes ? (random.coin() ? ~uint64_t{0} : 0) : random.bits();
      const float unit = static_cast<float>(bits >> 40) / 16777215.0F;
      if (view.dtype == DType::f32) {
        std::memcpy(at, &unit, sizeof unit);
      } else if (item_size(view.dtype) == 2) {
        const uint16_t half = view.dtype == DType::u16 ? static_cast<uint16_t>(bits >> 48) : uint16_t{0x3c00};
        std::memcpy(at, &half, sizeof half);
      } else {
        *at = static_cast<uint8_t>(bits >> 56);
      }
    });
  }

  std::vector<uint8_t> pixels() {
    std::vector<uint8_t> all;
    each([&](const uint8_t* at) { all.insert(all.end(), at, at + item_size(view.dtype)); });
    return all;
  }

  std::vector<uint8_t> memory() const { return {memory_.get(), memory_.get() + size_}; }

  View view{};

 private:
  template <typename F>
  void each(F f) {
    for (int64_t y = 0; y < view.h; ++y)
      for (int64_t x = 0; x < view.w; ++x)
        for (int64_t c = 0; c < view.c; ++c) f(view.data + y * view.sy + x * view.sx + c * view.sc);
  }

  std::unique_ptr<uint8_t[]> memory_;
  size_t size_ = 0;
};

}  // namespace twinlens::tests
