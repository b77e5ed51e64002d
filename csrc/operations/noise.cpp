#include "../noise.hpp"

#include <algorithm>
#include <cmath>

#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr double kLargest = 1e8;  // of a parameter: six deviations and a mean stay below 2^31

NoiseKind kind_of(const Args& a) { return static_cast<NoiseKind>(a[1]); }

int64_t reals_of(NoiseKind kind, int64_t channels) {
  return kind == NoiseKind::scale ? channels : kind == NoiseKind::replace ? 2 * channels : 2;
}

float largest(DType t) { return t == DType::u8 ? 255.0F : t == DType::u16 ? 65535.0F : 1.0F; }

void check_values(const Args& a, const View& now) {
  const double limit = now.dtype == DType::f32 ? 3e38 : static_cast<double>(largest(now.dtype));
  for (int64_t i = 0; i < 2 * now.c; ++i) {
    const bool fits = a.reals[i] <= limit && a.reals[i] >= (now.dtype == DType::f32 ? -limit : 0.0);
    require(fits, "noise: a value does not fit the dtype");
  }
  require(in_range(a[5], 0, int64_t{1} << 32) && in_range(a[6], a[5], int64_t{1} << 32), "noise: thresholds");
}

void check_noise(const Args& a, const View& now) {
  require(in_range(a[1], 0, static_cast<int64_t>(NoiseKind::iso)), "noise: unknown kind");
  const NoiseKind kind = kind_of(a);
  require(is_plain_number(now.dtype), "noise: takes uint8, uint16 and float32");
  require(a.op.real_count == reals_of(kind, now.c), "noise: a wrong number of values");
  if (kind == NoiseKind::replace) return check_values(a, now);
  for (int64_t i = 0; i < a.op.real_count; ++i)
    require(std::fabs(a.reals[i]) <= kLargest, "noise: a parameter is not finite, or too large");
  if (kind != NoiseKind::iso) return;
  require(now.dtype == DType::u8 && now.c >= 3, "noise: iso takes uint8 of three channels");
  require(a.reals[0] >= 0 && a.reals[0] <= 1 && a.reals[1] >= 0 && a.reals[1] <= 1, "noise: iso takes shares");
}

// Of a Poisson variable with the mean `rate`, at most 1: entry k is the share of 2^16 that counts up to k.
void poisson_thresholds(double rate, uint32_t* out) {
  double none = 1.0;  // exp(-rate), its Taylor series
  for (int k = 14; k >= 1; --k) none = 1.0 - (none * rate) * (1.0 / k);
  double term = none, sum = none;
  for (int k = 1; k <= kPoissonCounts; ++k) {
    out[k - 1] = static_cast<uint32_t>(std::floor(sum * 65536.0 + 0.5));
    term = (term * rate) * (1.0 / k);
    sum = sum + term;
  }
}

// The standard deviation of the lightness, (max + min) / 510.
double lightness_deviation(const View& v) {
  uint64_t sum = 0, squares = 0;
  TWL_KERNELS(noise_kernels).lightness_sums(v, &sum, &squares);
  const auto n = static_cast<double>(v.h * v.w);
  const double mean = static_cast<double>(sum) / n, variance = static_cast<double>(squares) / n - mean * mean;
  return std::sqrt(variance > 0.0 ? variance : 0.0) * (1.0 / 510.0);
}

void fill_values(NoiseSpec& spec, const Args& a, const View& now, Arena& arena) {
  if (spec.kind == NoiseKind::scale || spec.kind == NoiseKind::replace) {
    auto* values = arena.take_array<float>(static_cast<size_t>(a.op.real_count));
    for (int64_t i = 0; i < a.op.real_count; ++i) values[i] = static_cast<float>(a.reals[i]);
    spec.by_channel = values;
    return;
  }
  const double second = spec.kind == NoiseKind::multiplicative ? a.reals[1] - a.reals[0] : a.reals[1];
  spec.first = static_cast<float>(a.reals[0]);
  spec.span = static_cast<float>(second);
  if (spec.kind != NoiseKind::iso) return;
  auto* thresholds = arena.take_array<uint32_t>(kPoissonCounts);
  poisson_thresholds(lightness_deviation(now) * a.reals[1], thresholds);
  spec.poisson = thresholds;
}

void do_noise(State& s, const Args& a, bool last) {
  const View dst = s.make_like(s.now, last);
  const Scratch scratch(s.arena);
  NoiseSpec spec{};
  spec.kind = kind_of(a);
  spec.seed = static_cast<uint64_t>(a[2]);
  spec.shared = a[3] != 0;
  spec.clip = a[4] != 0;
  spec.max = largest(s.now.dtype);
  spec.thresholds[0] = static_cast<uint64_t>(a[5]);
  spec.thresholds[1] = static_cast<uint64_t>(a[6]);
  fill_values(spec, a, s.now, s.arena);
  const int64_t elements = std::max<int64_t>(4096, 128 * s.now.c);
  const auto count = static_cast<size_t>(elements);
  const NoiseScratch memory{elements, s.arena.take_array<uint32_t>(count), s.arena.take_array<float>(count)};
  TWL_KERNELS(noise_kernels).noise(s.now, dst, spec, normal_quantiles(), memory);
  s.now = dst;
}

}  // namespace

// kind, seed, shared, clip, first threshold, second threshold | what the kind takes
const Operation noise = {7, 0, check_noise, do_noise};

}  // namespace twinlens::operations
