// The windows of one axis's outputs and their weights in float64, as Pillow computes them.
#pragma once
#include <vector>

#include "filters.hpp"

namespace twinlens {

// One entry an output; vectors may be longer than that, for they serve again.
struct Windows {
  size_t outputs = 0;
  int64_t taps = 0;                  // the largest count
  std::vector<double> first, count;  // integers: the first sample of a window, and how many there are
  std::vector<double> w;             // [taps][outputs], 0 behind a window's end; divided by `sum` they add up to 1
  std::vector<double> sum, center;
};

void compute_windows(const Axis& axis, Windows& out);

}  // namespace twinlens
