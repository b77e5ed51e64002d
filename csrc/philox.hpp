// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and what is drawn from it.
#pragma once
#include <stdint.h>

namespace twinlens {

struct Block {
  uint32_t v[4];
};

inline Block philox(Block counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53U} * counter.v[0], b = uint64_t{0xCD9E8D57U} * counter.v[2];
    counter = {{static_cast<uint32_t>(b >> 32) ^ counter.v[1] ^ key0, static_cast<uint32_t>(b),
                static_cast<uint32_t>(a >> 32) ^ counter.v[3] ^ key1, static_cast<uint32_t>(a)}};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return counter;
}

inline uint64_t join(uint32_t low, uint32_t high) { return uint64_t{low} | (uint64_t{high} << 32); }

// Draw number `draw` of a transform's stream under a sample's key.
inline Block draw_block(uint64_t key, uint64_t stream, uint32_t draw) {
  return philox({{draw, 0, static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)}},
                static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
}

// 53 random bits in [0, 1).
inline double uniform53(const Block& b) {
  return (static_cast<double>(b.v[0] >> 5) * 67108864.0 + static_cast<double>(b.v[1] >> 6)) / 9007199254740992.0;
}

// The key of (seed, epoch, index), and of one more number folded into a key; counter word 1 keeps them apart from
// draws.
inline uint64_t fold_in(uint64_t key, uint64_t number) {
  const Block b = philox({{static_cast<uint32_t>(number), 1, static_cast<uint32_t>(number >> 32), 0}},
                         static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
  return join(b.v[0], b.v[1]);
}

inline uint64_t sample_key(uint64_t seed, uint64_t epoch, uint64_t index) {
  return fold_in(fold_in(seed, epoch), index);
}

}  // namespace twinlens
