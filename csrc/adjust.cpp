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

// Whether w * scaled >> 16 is the floor of factor * w in float32 for the differences w = sign, 2 sign ... 255 sign of
// two values, and stays it when a value is added in float32: a sum below 256 is rounded by 2^-17 at most.
bool is_exact(float factor, int32_t scaled, int32_t sign) {
  constexpr float kMost = 1.0F - 1.0F / 65536;  // of the fraction
  int32_t wrong = 0;
  for (int32_t i = 1; i <= 255; ++i) {
    const int32_t w = sign * i;
    const float v = factor * static_cast<float>(w);
    const auto cut = static_cast<int32_t>(v);
    const int32_t floor = cut - (v < static_cast<float>(cut) ? 1 : 0);
    wrong |= (floor != (w * scaled) >> 16 ? 1 : 0) | (v - static_cast<float>(floor) > kMost ? 1 : 0);
  }
  return wrong == 0;
}

// floor(factor * w), |w| < 256, changes with the factor at fractions of denominators below 256 only, which lie further
// apart than 2^-16: of the two multiples of 2^-16 next to a factor between them one is in its gap. At such a fraction
// the one serves above 0, the other below, if differences fall below 0 at all.
WordFactor words_of(float factor, bool falls) {
  if (factor >= 2.5F) return {};
  const auto whole = static_cast<int32_t>(factor + 0.5F), unit = whole * 65536;
  const auto first = static_cast<int32_t>(std::floor((factor - static_cast<float>(whole)) * 65536.0F));
  const int32_t last = std::min(first + 1, INT16_MAX);
  int32_t part = first;
  while (part <= last && !is_exact(factor, unit + part, 1)) ++part;
  if (part > last) return {};
  int32_t below = falls ? first : part;
  while (falls && below <= last && !is_exact(factor, unit + below, -1)) ++below;
  if (below > last) return {};
  return {static_cast<int16_t>(whole), static_cast<int16_t>(part), static_cast<int16_t>(below), true};
}

// Pillow, ImageEnhance.Contrast: int(mean of the gray picture + 0.5).
int32_t rounded_mean(uint64_t sum, const View& v) {
  return static_cast<int32_t>(static_cast<double>(sum) / static_cast<double>(v.h * v.w) + 0.5);
}

uint64_t sum_of(const View& gray) {
  int64_t counts[kBins];
  uint64_t sum = 0;
  count_values(gray, counts);
  for (int64_t i = 0; i < kBins; ++i) sum += static_cast<uint64_t>(i * counts[i]);
  return sum;
}

// The picture as one row, where its rows lie behind each other.
View flat(View v) {
  v.w *= v.h;
  v.h = 1;
  return v;
}

bool is_flat(const View& v) { return v.sy == v.w * v.sx; }

// Walks over a picture as late as it can, so that one walk does what it can.
class Walk {
 public:
  Walk(const View& src, const View& dst) : now_(src), dst_(dst) {
    if (is_flat(src) && is_flat(dst)) now_ = flat(src), dst_ = flat(dst);
  }

  void blend(int32_t value, float factor) {
    const bool behind_table = count_ > 0 && stages_[count_ - 1].kind == AdjustStage::Kind::table;
    // Without vectors of bytes a look-up is cheaper.
    const bool looks_up = behind_table || active_isa() == Isa::baseline;
    const WordFactor words = looks_up ? WordFactor{} : words_of(factor, value > 0);
    if (words.exact) {
      add({AdjustStage::Kind::toward_value, nullptr, static_cast<uint8_t>(value), factor, words});
      return;
    }
    uint8_t table[kBins];
    blend_table(value, factor, table);
    if (behind_table) {
      uint8_t* kept = tables_[count_ - 1];  // two tables in a row are one
      for (int64_t i = 0; i < kBins; ++i) kept[i] = table[kept[i]];
      return;
    }
    std::memcpy(tables_[count_], table, static_cast<size_t>(kBins));
    add({AdjustStage::Kind::table, tables_[count_], 0, 0.0F, {}});
  }

  void saturate(float factor) { add({AdjustStage::Kind::toward_gray, nullptr, 0, factor, words_of(factor, true)}); }

  // The mean gray of the pixels as they are by now. What looks at no gray is as quickly done again as stored and read.
  int32_t mean() {
    const bool stores = count_ > 1 || (count_ == 1 && stages_[0].kind == AdjustStage::Kind::toward_gray);
    const uint64_t sum = TWL_KERNELS(adjust).run(now_, stores ? &dst_ : nullptr, stages_, count_, pillow_gray(), true);
    if (stores) stored();
    return rounded_mean(sum, now_);
  }

  void finish() {
    if (count_ == 1 && stages_[0].kind == AdjustStage::Kind::table)
      apply_tables(now_, dst_, stages_[0].table, 1);
    else if (count_ > 0)
      TWL_KERNELS(adjust).run(now_, &dst_, stages_, count_, pillow_gray(), false);
    stored();
  }

 private:
  void add(const AdjustStage& stage) { stages_[count_++] = stage; }

  void stored() {
    now_ = dst_;
    count_ = 0;
  }

  View now_, dst_;
  AdjustStage stages_[kMostAdjustments];
  uint8_t tables_[kMostAdjustments][kBins];
  int64_t count_ = 0;
};

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

void adjust_colours(const View& src, const View& dst, const Adjustment* list, int64_t count) {
  Walk walk(src, dst);
  for (int64_t i = 0; i < count; ++i) {
    const auto factor = static_cast<float>(list[i].amount);
    if (list[i].kind == AdjustKind::saturation)
      walk.saturate(factor);
    else
      walk.blend(list[i].kind == AdjustKind::contrast ? walk.mean() : 0, factor);
  }
  walk.finish();
}

void adjust_pixels(const View& src, const View& dst, const Adjustment& what, bool alpha) {
  const int64_t colours = src.c - (alpha ? 1 : 0);
  const View from = first_channels(src, colours), to = first_channels(dst, colours);
  if (alpha) copy(plane(src, colours), plane(dst, colours));
  if (what.kind == AdjustKind::hue)
    return TWL_KERNELS(adjust).turn_hue(from, to, static_cast<int32_t>(what.amount), hue_tables());
  if (colours == 3) return adjust_colours(from, to, &what, 1);
  uint8_t table[kBins];
  const int32_t degenerate = what.kind == AdjustKind::contrast ? rounded_mean(sum_of(from), from) : 0;
  blend_table(degenerate, static_cast<float>(what.amount), table);
  apply_tables(from, to, table, 1);
}

}  // namespace twinlens
