#include "lut.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <utility>

namespace twinlens {
namespace {

void apply_plane(const View& src, const View& dst, const uint8_t* table) {
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* p = src.data + y * src.sy;
    uint8_t* q = dst.data + y * dst.sy;
    if (src.sx == 1 && dst.sx == 1) {
      TWL_KERNELS(lut).apply(p, q, src.w, table);
    } else {
      for (int64_t x = 0; x < src.w; ++x) q[x * dst.sx] = table[p[x * src.sx]];
    }
  }
}

void apply_to_rgb(const View& src, const View& dst, const uint8_t* tables) {
  const int64_t row = 3 * src.w;
  if (src.sy == row && dst.sy == row) return TWL_KERNELS(lut).apply_rgb(src.data, dst.data, src.w * src.h, tables);
  for (int64_t y = 0; y < src.h; ++y)
    TWL_KERNELS(lut).apply_rgb(src.data + y * src.sy, dst.data + y * dst.sy, src.w, tables);
}

// Four histograms of each of C channels: a value that comes again at once does not wait for its own count.
template <int64_t C>
class Counts {
 public:
  void add(int64_t part, int64_t channel, uint64_t value) { ++part_[part][channel][value]; }

  // n interleaved samples, from the first channel on.
  void add_row(const uint8_t* p, int64_t n) {
    int64_t i = 0;
    for (; i + 8 * C <= n; i += 8 * C) add_eight(p + i, std::make_integer_sequence<int64_t, 8 * C>{});
    for (; i < n; ++i) add(0, i % C, p[i]);
  }

  // So many pixels were added: 32 bits hold the counts until they are put away.
  void passed(int64_t pixels) {
    since_ += pixels;
    if (since_ > kMost) flush();
  }

  void total(int64_t* counts) {
    flush();
    std::memcpy(counts, total_, sizeof total_);
  }

 private:
  static constexpr int64_t kMost = int64_t{1} << 29;

  // Eight pixels without a loop, read by words: a byte at p might be one of the counts, for all that is known.
  template <int64_t... K>
  void add_eight(const uint8_t* p, std::integer_sequence<int64_t, K...>) {
    uint64_t words[C];
    std::memcpy(words, p, sizeof words);
    (add(K / C % 4, K % C, (words[K / 8] >> (8 * (K % 8))) & 0xff), ...);
  }

  void flush() {
    for (auto& part : part_)
      for (int64_t c = 0; c < C; ++c)
        for (int64_t i = 0; i < kBins; ++i) {
          total_[c][i] += part[c][i];
          part[c][i] = 0;
        }
    since_ = 0;
  }

  int32_t part_[4][C][kBins] = {};
  int64_t total_[C][kBins] = {};
  int64_t since_ = 0;
};

void identity(uint8_t* table) {
  for (int64_t i = 0; i < kBins; ++i) table[i] = static_cast<uint8_t>(i);
}

uint8_t clip(double v) { return static_cast<uint8_t>(std::clamp(v, 0.0, 255.0)); }

int64_t total_of(const int64_t* counts) {
  int64_t n = 0;
  for (int64_t i = 0; i < kBins; ++i) n += counts[i];
  return n;
}

// Pillow: ImageOps.autocontrast. The ends are where more pixels than the cut have been passed.
void autocontrast(const int64_t* counts, double low_cut, double high_cut, uint8_t* table) {
  const auto n = static_cast<double>(total_of(counts));
  const auto cut_low = static_cast<int64_t>(std::floor(n * low_cut / 100));
  const auto cut_high = static_cast<int64_t>(std::floor(n * high_cut / 100));
  int64_t low = 0, high = kBins - 1, passed = counts[0];
  while (passed <= cut_low && low < kBins - 1) passed += counts[++low];
  passed = counts[kBins - 1];
  while (passed <= cut_high && high > 0) passed += counts[--high];
  if (high <= low) return identity(table);
  const double scale = 255.0 / static_cast<double>(high - low), offset = -static_cast<double>(low) * scale;
  for (int64_t i = 0; i < kBins; ++i) table[i] = clip(std::trunc(static_cast<double>(i) * scale + offset));
}

// Pillow: ImageOps.equalize.
void equalize(const int64_t* counts, uint8_t* table) {
  int64_t last = kBins - 1;
  while (last > 0 && counts[last] == 0) --last;
  const int64_t step = (total_of(counts) - counts[last]) / 255;
  if (step == 0) return identity(table);
  int64_t n = step / 2;
  for (int64_t i = 0; i < kBins; n += counts[i++]) table[i] = static_cast<uint8_t>(std::min<int64_t>(n / step, 255));
}

// OpenCV: equalizeHist.
void equalize_opencv(const int64_t* counts, uint8_t* table) {
  int64_t first = 0;
  while (first < kBins - 1 && counts[first] == 0) ++first;
  const int64_t n = total_of(counts);
  if (counts[first] == n) {
    std::fill(table, table + kBins, static_cast<uint8_t>(first));
    return;
  }
  const float scale = 255.0F / static_cast<float>(n - counts[first]);
  int64_t sum = 0;
  std::fill(table, table + first + 1, uint8_t{0});
  for (int64_t i = first + 1; i < kBins; ++i) {
    sum += counts[i];
    table[i] = clip(std::rint(static_cast<float>(sum) * scale));
  }
}

// OpenCV: threshold with THRESH_OTSU, in its order of operations.
int64_t otsu(const int64_t* counts) {
  const double scale = 1.0 / static_cast<double>(total_of(counts));
  double mean = 0, mean1 = 0, weight1 = 0, best = 0;
  for (int64_t i = 0; i < kBins; ++i) mean += static_cast<double>(i) * static_cast<double>(counts[i]);
  mean *= scale;
  int64_t found = 0;
  for (int64_t i = 0; i < kBins; ++i) {
    const double p = static_cast<double>(counts[i]) * scale;
    mean1 *= weight1;
    weight1 += p;
    const double weight2 = 1.0 - weight1;
    if (std::min(weight1, weight2) < FLT_EPSILON || std::max(weight1, weight2) > 1.0 - FLT_EPSILON) continue;
    mean1 = (mean1 + static_cast<double>(i) * p) / weight1;
    const double mean2 = (mean - weight1 * mean1) / weight2;
    const double between = weight1 * weight2 * (mean1 - mean2) * (mean1 - mean2);
    if (between > best) {
      best = between;
      found = i;
    }
  }
  return found;
}

uint8_t thresholded(int64_t v, int64_t t, ThresholdKind kind, uint8_t max_value) {
  const bool above = v > t;
  switch (kind) {
    case ThresholdKind::binary:
      return above ? max_value : uint8_t{0};
    case ThresholdKind::binary_inv:
      return above ? uint8_t{0} : max_value;
    case ThresholdKind::trunc:
      return static_cast<uint8_t>(above ? t : v);
    case ThresholdKind::tozero:
      return static_cast<uint8_t>(above ? v : 0);
    case ThresholdKind::tozero_inv:
      break;
  }
  return static_cast<uint8_t>(above ? 0 : v);
}

}  // namespace

void apply_tables(const View& src, const View& dst, const uint8_t* tables, int64_t count) {
  if (count == 1 && interleaved(src) && interleaved(dst)) {
    View from = src, to = dst;  // rows of w * c bytes
    from.w = to.w = src.w * src.c;
    from.sx = to.sx = 1;
    return apply_plane(from, to, tables);
  }
  if (count == 3 && interleaved(src) && interleaved(dst)) return apply_to_rgb(src, dst, tables);
  for (int64_t c = 0; c < src.c; ++c) {
    View from = plane(src, c), to = plane(dst, c);
    apply_plane(from, to, tables + (count == 1 ? 0 : c) * kBins);
  }
}

void count_values(const View& channel, int64_t* counts) {
  Counts<1> found;
  for (int64_t y = 0; y < channel.h; ++y) {
    const uint8_t* p = channel.data + y * channel.sy;
    if (channel.sx == 1) {
      found.add_row(p, channel.w);
    } else {
      for (int64_t x = 0; x < channel.w; ++x) found.add(x & 3, 0, p[x * channel.sx]);
    }
    found.passed(channel.w);
  }
  found.total(counts);
}

void count_channels(const View& v, int64_t* counts) {
  if (v.c != 3 || !interleaved(v)) {
    for (int64_t c = 0; c < v.c; ++c) count_values(plane(v, c), counts + c * kBins);
    return;
  }
  Counts<3> found;
  for (int64_t y = 0; y < v.h; ++y) {
    found.add_row(v.data + y * v.sy, 3 * v.w);
    found.passed(v.w);
  }
  found.total(counts);
}

void histogram_table(const int64_t* counts, const HistogramSpec& spec, uint8_t* table) {
  switch (spec.kind) {
    case HistogramKind::autocontrast:
      return autocontrast(counts, spec.low, spec.high, table);
    case HistogramKind::equalize:
      return equalize(counts, table);
    case HistogramKind::equalize_opencv:
      return equalize_opencv(counts, table);
    case HistogramKind::otsu:
      break;
  }
  const int64_t t = otsu(counts);
  for (int64_t i = 0; i < kBins; ++i) table[i] = thresholded(i, t, spec.threshold, spec.max_value);
}

}  // namespace twinlens
