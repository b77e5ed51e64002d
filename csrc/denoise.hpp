// Non-local means, and thresholds against the mean around a pixel: OpenCV's arithmetic in integers.
#pragma once
#include "image.hpp"
#include "isa.hpp"

namespace twinlens {

constexpr int64_t kMeansStrip = 48;    // rows of the result that stay in the cache
constexpr int64_t kMeansChannels = 4;  // the most that one distance is over
constexpr int64_t kMeansLanes = 16;    // rows of the scratch are rounded up to so many

// Planes of one picture with a mirrored border of the radii together; the same stride for all.
struct MeansSource {
  const uint8_t* planes[kMeansChannels];
  int64_t channels, stride;
};

struct MeansWeights {
  const int32_t* table;  // [last + 1]; the last is 0 and stands for all larger differences
  int32_t last;
  int shift;  // of the sums of squares
  int64_t template_radius, search_radius;
};

struct MeansScratch {
  int32_t* columns;  // [w + 2 template_radius + kMeansLanes] sums of squares down the window
  int32_t* weight;   // [w + kMeansLanes]
  int32_t* total;    // [kMeansStrip][w]
  int32_t* sums;     // [channels][kMeansStrip][w]
};

struct AdaptiveSpec {
  int64_t block_size;
  int32_t offset;
  bool inverse;
  const float* weights;  // [block_size], sums to 2^16; nullptr for the plain mean
};

struct AdaptiveScratch {
  float* row;    // [w + block_size]
  void* across;  // [h][w] float or int32: sums along the rows
  double* down;  // [w], or int32
};

struct DenoiseKernels {
  // dst: uint8, as many channels, any strides.
  void (*non_local_means)(const MeansSource& src, const View& dst, const MeansWeights& weights,
                          const MeansScratch& scratch);
  // One channel of uint8, any strides.
  void (*adaptive_threshold)(const View& src, const View& dst, const AdaptiveSpec& spec,
                             const AdaptiveScratch& scratch);
};

TWL_KERNEL_TABLE(DenoiseKernels, denoise_kernels)

}  // namespace twinlens
