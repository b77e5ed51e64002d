// Filter weights of one axis, as Pillow computes them, in every form that the kernels read.
#pragma once
#include <memory>
#include <vector>

#include "kernels.hpp"

namespace twinlens {

enum class Filter : int { box = 0, bilinear = 1, hamming = 2, bicubic = 3, lanczos = 4 };

// How far a filter reaches to either side, in samples of what it is not to shrink.
double filter_support(Filter filter);

// The source interval that an axis is made from: in_size samples, of which [begin, end), possibly fractional, is used.
// mirrored: the outputs in reverse order. pixel: bytes from one sample to the next where rows are read by whole
// vectors, else 0. real: the weights as they are, not in fixed point.
struct Axis {
  Filter filter;
  int64_t in_size, out_size;
  float begin, end;
  bool mirrored = false;
  int64_t pixel = 0;
  bool real = false;
  bool operator==(const Axis& o) const {
    return filter == o.filter && in_size == o.in_size && out_size == o.out_size && begin == o.begin && end == o.end &&
           mirrored == o.mirrored && pixel == o.pixel && real == o.real;
  }
};

struct AxisWeights {
  Axis axis;
  Isa isa;
  int64_t taps = 0;    // the largest count
  int64_t groups = 0;  // of four taps, of the fixed-point form
  int64_t stride = 0;

  // Of a real axis.
  std::vector<int32_t> start, count;
  std::vector<double> w;  // [taps][stride], normalised
  RealWeights real() const { return {stride, start.data(), count.data(), w.data()}; }
  double weight(int64_t output, int64_t tap) const { return w[static_cast<size_t>(tap * stride + output)]; }

  // Of one in fixed point: group starts, k, and the form of the ISA, one behind the other.
  std::unique_ptr<int32_t[]> integers;
  std::vector<Spread> spread;
  int32_t* group_start() const { return integers.get(); }
  int32_t* k() const { return integers.get() + stride; }
  int32_t* packed() const { return k() + groups * 4 * stride; }
  FixedWeights fixed() const {
    const Spread* wide = spread.empty() ? nullptr : spread.data();
    return {groups, stride, group_start(), k(), packed(), wide, packed()};
  }
};

// Round half away from zero at 22 bits, as Pillow does.
inline int32_t quantise22(double w) { return static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << 22)); }

// From a small cache; safe to call from any thread, and in a child after fork.
// They fit the kernels of `isa` alone.
std::shared_ptr<const AxisWeights> axis_weights(const Axis& axis, Isa isa);

}  // namespace twinlens
