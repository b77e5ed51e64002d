#include "adjust.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "color.hpp"
#include "copy.hpp"
#include "lut.hpp"

namespace twinlens {
namespace {

// Pillow, ImagingBlend: d + factor * (x - d) in float32, truncated.
void blend_table(int32_t degenerate, float factor, uint8_t* table) {
  for (int32_t x = 0; x < static_cast<int32_t>(kBins); ++x) {
    const float v = static_cast<float>(degenerate) + factor * static_cast<float>(x - degenerate);
    table[x] = static_cast<uint8_t>(v <= 0 ? 0.0F : v >= 255 ? 255.0F : v);
  }
}

// Pillow, ImageEnhance.Contrast: int(mean of the gray picture + 0.5).
int32_t mean_gray(const View& colour) {
  int64_t counts[kBins];
  uint64_t sum = 0;
  if (colour.c == 3) {
    sum = TWL_KERNELS(adjust).gray_sum(colour, pillow_gray());
  } else {
    count_values(plane(colour, 0), counts);
    for (int64_t i = 0; i < kBins; ++i) sum += static_cast<uint64_t>(i * counts[i]);
  }
  return static_cast<int32_t>(static_cast<double>(sum) / static_cast<double>(colour.h * colour.w) + 0.5);
}

int32_t bits_of(float v) {
  int32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}

const HueTables& hue_tables() {
  static const HueTables tables = [] {
    HueTables t{};
    for (int i = 0; i < 256; ++i) {
      const double sixths = i * 6.0 / 255.0, whole = std::floor(sixths);
      t.sector[i] = static_cast<int32_t>(whole) % 6;
      t.fraction[i] = bits_of(static_cast<float>(sixths - whole));
      t.saturation[i] = bits_of(static_cast<float>(i / 255.0));
    }
    return t;
  }();
  return tables;
}

View first_channels(View v, int64_t n) {
  v.c = n;
  return v;
}

}  // namespace

void adjust_pixels(const View& src, const View& dst, AdjustKind kind, double amount, bool alpha) {
  const int64_t colours = src.c - (alpha ? 1 : 0);
  const View from = first_channels(src, colours), to = first_channels(dst, colours);
  const auto factor = static_cast<float>(amount);
  if (kind == AdjustKind::saturation || kind == AdjustKind::hue) {
    if (alpha) copy(plane(src, colours), plane(dst, colours));
    if (kind == AdjustKind::hue)
      return TWL_KERNELS(adjust).turn_hue(from, to, static_cast<int32_t>(amount), hue_tables());
    return TWL_KERNELS(adjust).saturate(from, to, factor, pillow_gray());
  }
  uint8_t tables[4 * kBins];
  blend_table(kind == AdjustKind::contrast ? mean_gray(from) : 0, factor, tables);
  if (!alpha) return apply_tables(src, dst, tables, 1);
  for (int64_t c = 1; c < colours; ++c) std::memcpy(tables + c * kBins, tables, static_cast<size_t>(kBins));
  for (int64_t i = 0; i < kBins; ++i) tables[colours * kBins + i] = static_cast<uint8_t>(i);
  apply_tables(src, dst, tables, src.c);
}

}  // namespace twinlens
