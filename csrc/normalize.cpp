#include "normalize.hpp"

#include <cmath>
#include <cstring>
#include <mutex>

#include "dispatch.hpp"
#include "fork.hpp"

namespace twinlens {
namespace {

struct Reciprocal {
  float hi, lo;
  explicit Reciprocal(float divisor) {
    const double inverse = 1.0 / static_cast<double>(divisor);
    hi = static_cast<float>(inverse);
    lo = static_cast<float>(inverse - static_cast<double>(hi));
  }
  float divide(float x) const { return std::fma(x, hi, x * lo); }
};

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof(float)) == 0; }

}  // namespace

void Normalizer::operator()(const View& src, const View& dst, bool slack) const {
  kernels().normalize(src, dst, {channels_.data(), max_, exact_, affine_, slack});
}

Normalizer::Normalizer(int64_t channels, float max, const std::vector<double>& mean, const std::vector<double>& std)
    : channels_(static_cast<size_t>(channels)),
      tables_(static_cast<size_t>(channels) * 256),
      max_(max),
      affine_(!mean.empty()) {
  const Reciprocal by_max(max);
  for (size_t c = 0; c < channels_.size(); ++c) {
    NormalizeChannel& ch = channels_[c];
    ch.mean = affine_ ? static_cast<float>(mean[mean.size() == 1 ? 0 : c]) : 0.0F;
    ch.std = affine_ ? static_cast<float>(std[std.size() == 1 ? 0 : c]) : 1.0F;
    const Reciprocal by_std(ch.std);
    float* table = tables_.data() + c * 256;
    for (int x = 0; x < 256; ++x) {
      const float scaled = static_cast<float>(x) / max;
      const float shifted = scaled - ch.mean;
      table[x] = affine_ ? shifted / ch.std : scaled;
      const float fast = by_max.divide(static_cast<float>(x));
      exact_ = exact_ && same_bits(table[x], affine_ ? by_std.divide(fast - ch.mean) : fast);
      exact_ = exact_ && std::isfinite(table[x]);
    }
    ch.table = table;
    ch.inv_max_hi = by_max.hi;
    ch.inv_max_lo = by_max.lo;
    ch.inv_std_hi = by_std.hi;
    ch.inv_std_lo = by_std.lo;
  }
}

namespace {

// The last few normalisations: a process uses one or two.
class Cache {
 public:
  std::shared_ptr<const Normalizer> get(int64_t channels, float max, const std::vector<double>& mean,
                                        const std::vector<double>& std) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Entry& e : entries_)
      if (e.made != nullptr && e.channels == channels && e.max == max && e.mean == mean && e.std == std) return e.made;
    Entry& slot = entries_[next_++ % kEntries];
    slot = {channels, max, mean, std, std::make_shared<const Normalizer>(channels, max, mean, std)};
    return slot.made;
  }

 private:
  struct Entry {
    int64_t channels;
    float max;
    std::vector<double> mean, std;
    std::shared_ptr<const Normalizer> made;
  };
  static constexpr size_t kEntries = 16;
  std::mutex mutex_;
  Entry entries_[kEntries];
  size_t next_ = 0;
};

}  // namespace

std::shared_ptr<const Normalizer> normalizer(int64_t channels, float max, const std::vector<double>& mean,
                                             const std::vector<double>& std) {
  return PerProcess<Cache>::get().get(channels, max, mean, std);
}

}  // namespace twinlens
