#include "../lut.hpp"

#include <cstring>

#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kWords = kBins / static_cast<int64_t>(sizeof(int64_t));  // a table packed into integers

void check_lut(const Args& a, const View& now) {
  require(now.dtype == DType::u8, "lut: takes uint8");
  require(a[1] == 1 || a[1] == now.c, "lut: neither one table nor one a channel");
  require(a.op.int_count >= 2 + (a[1] <= a.op.int_count ? a[1] : a.op.int_count) * kWords, "lut: a table is cut short");
}

void do_lut(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make_like(s.now, last);
  auto* tables = s.arena.take_array<uint8_t>(static_cast<size_t>(a[1] * kBins));
  std::memcpy(tables, a.ints + 2, static_cast<size_t>(a[1] * kBins));
  apply_tables(s.now, dst, tables, a[1]);
  s.now = dst;
}

void check_histogram(const Args& a, const View& now) {
  require(now.dtype == DType::u8, "histogram: takes uint8");
  require(in_range(a[1], 0, static_cast<int64_t>(HistogramKind::otsu)), "histogram: unknown kind");
  require(in_range(a[2], 0, static_cast<int64_t>(ThresholdKind::tozero_inv)), "histogram: unknown threshold");
  require(in_range(a[3], 0, 255), "histogram: the value above the threshold is no byte");
  require(a[4] == 0 || now.c > 1, "histogram: no alpha to leave out");
  for (int i = 0; i < 2; ++i) require(a.reals[i] >= 0 && a.reals[i] <= 100, "histogram: a cut is no percentage");
}

void do_histogram(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make_like(s.now, last);
  const HistogramSpec spec{static_cast<HistogramKind>(a[1]), static_cast<ThresholdKind>(a[2]), a.reals[0], a.reals[1],
                           static_cast<uint8_t>(a[3])};
  auto* tables = s.arena.take_array<uint8_t>(static_cast<size_t>(s.now.c * kBins));
  auto* counts = s.arena.take_array<int64_t>(static_cast<size_t>(s.now.c * kBins));
  const int64_t mapped = s.now.c - (a[4] != 0 ? 1 : 0);
  View colours = s.now;
  colours.c = mapped;
  count_channels(colours, counts);
  for (int64_t c = 0; c < mapped; ++c) histogram_table(counts + c * kBins, spec, tables + c * kBins);
  for (int64_t i = 0; mapped < s.now.c && i < kBins; ++i) tables[mapped * kBins + i] = static_cast<uint8_t>(i);
  apply_tables(s.now, dst, tables, s.now.c);
  s.now = dst;
}

}  // namespace

// tables (one, or one a channel), 32 integers each that hold its bytes
const Operation lut = {2 + kWords, 0, check_lut, do_lut, false, true};

// kind, threshold, value above it, whether the last channel is alpha | cuts in percent, from below and above
const Operation histogram = {5, 2, check_histogram, do_histogram};

}  // namespace twinlens::operations
