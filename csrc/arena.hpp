// Scratch memory of one thread: grows to what the largest image needed, then is reused without allocating.
#pragma once
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "view.hpp"

namespace twinlens {

class Arena {
 public:
  // Memory of at least `bytes`, 64-byte aligned, with 64 readable bytes behind it. Lives until reset() or release().
  uint8_t* take(size_t bytes) {
    const size_t need = (bytes + 64 + 63) & ~static_cast<size_t>(63);
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < need) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const size_t size = need > kChunk ? need : kChunk;
      auto* raw = static_cast<uint8_t*>(std::aligned_alloc(64, size));
      if (raw == nullptr) throw std::bad_alloc();
      chunks_.push_back(Chunk{std::unique_ptr<uint8_t, Free>(raw), size});
      used_ = 0;
    }
    uint8_t* p = chunks_[chunk_].data.get() + used_;
    used_ += need;
    return p;
  }

  template <typename T>
  T* take_array(size_t n) {
    return reinterpret_cast<T*>(take(n * sizeof(T)));
  }

  View image(int64_t h, int64_t w, int64_t c, DType t, bool as_planar) {
    return dense(take(static_cast<size_t>(h * w * c * item_size(t))), h, w, c, t, as_planar);
  }

  struct Mark {
    size_t chunk, used;
  };
  Mark mark() const { return {chunk_, used_}; }
  void release(Mark m) {
    chunk_ = m.chunk;
    used_ = m.used;
  }
  void reset() { release({0, 0}); }

 private:
  struct Free {
    void operator()(uint8_t* p) const { std::free(p); }
  };
  struct Chunk {
    std::unique_ptr<uint8_t, Free> data;
    size_t size;
  };
  static constexpr size_t kChunk = size_t{1} << 20;
  std::vector<Chunk> chunks_;
  size_t chunk_ = 0, used_ = 0;
};

// Gives back what was taken since its construction.
class Scratch {
 public:
  explicit Scratch(Arena& a) : arena_(a), mark_(a.mark()) {}
  ~Scratch() { arena_.release(mark_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

}  // namespace twinlens
