// Constants and tables of a normalisation, proved when they are built.
#pragma once
#include <memory>
#include <vector>

#include "kernels.hpp"
#include "view.hpp"

namespace twinlens {

class Normalizer {
 public:
  // max: what 1.0 stands for in the input (255, 65535; 1 leaves it unscaled). Empty mean and std: scale only.
  // mean and std hold one value, which serves every channel, or one a channel.
  Normalizer(int64_t channels, float max, const std::vector<double>& mean, const std::vector<double>& std);

  Normalizer(const Normalizer&) = delete;  // channels point into the tables
  Normalizer& operator=(const Normalizer&) = delete;

  // slack: 4 bytes behind every row of src may be read.
  void operator()(const View& src, const View& dst, bool slack = false) const;

 private:
  std::vector<NormalizeChannel> channels_;
  std::vector<float> tables_;
  float max_;
  bool exact_ = true, affine_;
};

// From a small cache; safe to call from any thread, and in a child after fork.
std::shared_ptr<const Normalizer> normalizer(int64_t channels, float max, const std::vector<double>& mean,
                                             const std::vector<double>& std);

}  // namespace twinlens
