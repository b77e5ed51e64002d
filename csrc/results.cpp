#include "results.hpp"

#include <cstdlib>
#include <new>

namespace twinlens {
namespace {

constexpr size_t kPage = 4096;

}  // namespace

ResultMemory::~ResultMemory() {
  for (const Block& block : kept_) std::free(block.data);
}

ResultMemory::Block ResultMemory::take(size_t bytes) {
  const size_t need = (bytes + kPage - 1) / kPage * kPage;
  {
    const std::lock_guard<std::mutex> held(lock_);
    for (size_t i = kept_.size(); i-- > 0;) {  // the newest is the likeliest to be in a cache
      const Block found = kept_[i];
      if (found.size < need || found.size - need > need / 4) continue;
      kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
      total_ -= found.size;
      return found;
    }
  }
  void* data = std::aligned_alloc(64, need);
  if (data == nullptr) throw std::bad_alloc();
  return {data, need};
}

void ResultMemory::give(Block block) {
  const std::lock_guard<std::mutex> held(lock_);
  kept_.push_back(block);
  total_ += block.size;
  size_t dropped = 0;
  for (; total_ > kMost; ++dropped) {
    std::free(kept_[dropped].data);
    total_ -= kept_[dropped].size;
  }
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(dropped));
}

}  // namespace twinlens
