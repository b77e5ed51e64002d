// Random bits by pixel. Sample number e of a picture (rows, then columns, then channels) takes its bits from group e /
// 64 of 32-bit words, or e / 128 of 16-bit halves: a group is 16 Philox blocks, word k of block i at 16 k + i, and of
// every 16 words the low halves before the high ones. So 16 lanes compute a group without moving a word between them.
constexpr int64_t kLanes = 16, kWords = 64, kHalves = 128;

// low and high words of m * v[i].
inline void multiply_lanes(uint32_t m, const uint32_t* v, uint32_t* low, uint32_t* high) {
#if TWL_ISA == 2
  const __m512i factor = _mm512_set1_epi64(m), x = _mm512_loadu_si512(v);
  const __m512i even = _mm512_mul_epu32(x, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), factor);
  _mm512_storeu_si512(low, _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32)));
  _mm512_storeu_si512(high, _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd));
#elif TWL_ISA == 1
  const __m256i factor = _mm256_set1_epi64x(m);
  for (int64_t i = 0; i < kLanes; i += 8) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(v + i));
    const __m256i even = _mm256_mul_epu32(x, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), factor);
    const __m256i lows = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    const __m256i highs = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(low + i), lows);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(high + i), highs);
  }
#else
  for (int64_t i = 0; i < kLanes; ++i) {
    const uint64_t product = static_cast<uint64_t>(m) * v[i];
    low[i] = static_cast<uint32_t>(product);
    high[i] = static_cast<uint32_t>(product >> 32);
  }
#endif
}

// The words of one group: Philox4x32-10 at the counters (block, 2, block >> 32, 0); word 1 keeps them apart from draws.
inline void random_group(uint64_t seed, uint64_t group, uint32_t* out) {
  auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  alignas(64) uint32_t c[4][kLanes], low[2][kLanes], high[2][kLanes];
  for (int64_t i = 0; i < kLanes; ++i) {
    const uint64_t block = group * kLanes + static_cast<uint64_t>(i);
    c[0][i] = static_cast<uint32_t>(block);
    c[1][i] = 2;
    c[2][i] = static_cast<uint32_t>(block >> 32);
    c[3][i] = 0;
  }
  for (int round = 0; round < 10; ++round) {
    multiply_lanes(0xD2511F53U, c[0], low[0], high[0]);
    multiply_lanes(0xCD9E8D57U, c[2], low[1], high[1]);
    for (int64_t i = 0; i < kLanes; ++i) {
      c[0][i] = high[1][i] ^ c[1][i] ^ key0;
      c[1][i] = low[1][i];
      c[2][i] = high[0][i] ^ c[3][i] ^ key1;
      c[3][i] = low[0][i];
    }
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  __builtin_memcpy(out, c, sizeof c);
}

inline void halves_of(const uint32_t* words, uint16_t* out) {
  for (int64_t k = 0; k < kWords; k += kLanes)
    for (int64_t i = 0; i < kLanes; ++i) {
      out[2 * k + i] = static_cast<uint16_t>(words[k + i]);
      out[2 * k + kLanes + i] = static_cast<uint16_t>(words[k + i] >> 16);
    }
}

// Calls f(group's words, first element within the group, how many, where they go) for the elements first .. first + n.
template <int64_t Size, typename F>
inline void for_each_group(uint64_t seed, uint64_t first, int64_t n, F f) {
  alignas(64) uint32_t words[kWords];
  int64_t at = static_cast<int64_t>(first % Size), done = 0;
  for (uint64_t group = first / Size; done < n; ++group, at = 0) {
    const int64_t count = Size - at < n - done ? Size - at : n - done;
    random_group(seed, group, words);
    f(words, at, count, done);
    done += count;
  }
}

inline void random32(uint64_t seed, uint64_t first, int64_t n, uint32_t* out) {
  for_each_group<kWords>(seed, first, n, [out](const uint32_t* words, int64_t at, int64_t count, int64_t done) {
    __builtin_memcpy(out + done, words + at, static_cast<size_t>(count) * sizeof *out);
  });
}

void random16(uint64_t seed, uint64_t first, int64_t n, uint16_t* out) {
  for_each_group<kHalves>(seed, first, n, [out](const uint32_t* words, int64_t at, int64_t count, int64_t done) {
    alignas(64) uint16_t halves[kHalves];
    halves_of(words, halves);
    __builtin_memcpy(out + done, halves + at, static_cast<size_t>(count) * sizeof *out);
  });
}

// Bit 15 is the sign.
inline float normal_at(const float* normals, uint32_t bits) {
  const float z = normals[bits & 0x7fffU];
  return (bits & 0x8000U) != 0 ? -z : z;
}
