#include "reads.hpp"

#include <algorithm>
#include <cmath>

#include "filters.hpp"

namespace twinlens {
namespace {

// Where a crop and a resample have their numbers, see operations/geometry.cpp and operations/resample.cpp.
constexpr size_t kCrop = 1, kMethod = 1, kOut = 2, kRegion = 4, kWindow = 8;

struct Span {
  int64_t from, size;
};

// The samples of [0, size) under `count` outputs from `first` on, of `out` that are made from the interval [begin,
// end).
Span under(double support, double begin, double end, int64_t size, int64_t out, int64_t first, int64_t count) {
  const double scale = (end - begin) / static_cast<double>(out), reach = support * std::max(scale, 1.0) + 1;
  const double low = begin + (static_cast<double>(first) + 0.5) * scale - reach;
  const double high = begin + (static_cast<double>(first + count) - 0.5) * scale + reach;
  const auto from = std::max(static_cast<int64_t>(std::floor(low)), int64_t{0});
  return {from, std::min(static_cast<int64_t>(std::ceil(high)), size) - from};
}

}  // namespace

std::array<int64_t, 4> window_read(OpCode code, const std::vector<int64_t>& ints, const std::vector<double>& reals,
                                   int64_t h, int64_t w) {
  const bool crops = code == OpCode::crop;
  if ((!crops && code != OpCode::resample) || ints[0] == 0) return {};
  const int64_t* window = ints.data() + (crops ? kCrop : kWindow);
  std::array<int64_t, 4> read = {window[0], window[1], window[2], window[3]};
  if (crops) return read;
  if (read[3] == 0) read = {0, 0, h, w};
  const int64_t method = ints[kMethod], *out = ints.data() + kOut, *region = ints.data() + kRegion;
  const bool antialiased = method >= 0 && method <= static_cast<int64_t>(Filter::lanczos);
  if (!antialiased || (region[2] == out[0] && region[3] == out[1])) return read;
  const double support = filter_support(static_cast<Filter>(method));
  const Span rows = under(support, reals[1], reals[3], read[2], out[0], region[0], region[2]);
  const Span columns = under(support, reals[0], reals[2], read[3], out[1], region[1], region[3]);
  return {read[0] + rows.from, read[1] + columns.from, rows.size, columns.size};
}

}  // namespace twinlens
