// Noise by pixel: bits from Philox at the pixel's index, normal numbers through a table of quantiles.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

enum class NoiseKind : int64_t { gaussian = 0, multiplicative = 1, scale = 2, replace = 3, iso = 4 };

struct NoiseSpec {
  NoiseKind kind;
  uint64_t seed;
  bool shared;              // one number a pixel instead of one a sample
  bool clip;                // to 0 .. max; integers wrap around without
  float max;                // of the dtype: 1 for float32
  float first, span;        // gaussian: mean, sigma; multiplicative: low, high - low; iso: sigma of the hue, intensity
  const float* by_channel;  // [c] scale: factors; [2 * c] replace: both values
  uint64_t thresholds[2];   // replace: bits below the first take the first value, below the second the second
  const uint32_t* poisson;  // [kPoissonCounts] iso: bits at or above entry k count more than k
};

// What a run of pixels needs: `elements` numbers of each kind, a multiple of 128, at least 128 times the channels.
struct NoiseScratch {
  int64_t elements;
  uint32_t* bits;
  float* values;
};

constexpr int64_t kNormals = 32768;
constexpr int kPoissonCounts = 8;  // more are of a chance below 2^-24

struct NoiseKernels {
  // src and dst of one shape, uint8, uint16 or float32, any strides; they may be the same memory.
  void (*noise)(const View& src, const View& dst, const NoiseSpec& spec, const float* normals,
                const NoiseScratch& scratch);
  // 16 random bits for each of the elements first .. first + n.
  void (*random16)(uint64_t seed, uint64_t first, int64_t n, uint16_t* out);
  // sums of max + min of the first three channels, and of their squares.
  void (*lightness_sums)(const View& src, uint64_t* sum, uint64_t* squares);
};

TWL_KERNEL_TABLE(NoiseKernels, noise_kernels)

// Entry i is the quantile of the normal distribution at 0.5 + (i + 0.5) / 65536, in steps of 2^-20.
const float* normal_quantiles();

}  // namespace twinlens
