// Memory of results that nobody holds any more, kept for the next ones: pages that the system hands out anew cost as
// much as the pixels that are written to them.
#pragma once
#include <cstddef>
#include <mutex>
#include <vector>

namespace twinlens {

class ResultMemory {
 public:
  ResultMemory() = default;
  ResultMemory(const ResultMemory&) = delete;
  ResultMemory& operator=(const ResultMemory&) = delete;
  ~ResultMemory();

  static constexpr size_t kLeast = size_t{128} << 10;  // bytes; what is smaller the allocator keeps by itself
  static constexpr size_t kMost = size_t{64} << 20;    // bytes that are kept at most

  struct Block {
    void* data;
    size_t size;
  };

  // At least so many bytes, 64-byte aligned, with anything in them.
  Block take(size_t bytes);
  void give(Block block);

 private:
  std::mutex lock_;
  std::vector<Block> kept_;  // the oldest first
  size_t total_ = 0;
};

}  // namespace twinlens
