// CLAHE after OpenCV's createCLAHE (imgproc/src/clahe.cpp, 5.0): one equalisation table a tile, and for every pixel the
// four nearest tables blended in float32. No operation is fused: contraction alone would change 0.03% of the pixels.

// Adding 2^23 leaves no fraction bit: the sum rounds to nearest even, and its low bits are the integer. 0 <= v < 2^22.
inline uint32_t round_even(float v) { return __builtin_bit_cast(uint32_t, v + 0x1p23f) & 0x3fffff; }

// The samples of one tile. Neighbours are often equal: four histograms keep them from waiting for each other's store.
void count_tile(const uint8_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist) {
  int32_t *h0 = hist, *h1 = hist + 256, *h2 = hist + 512, *h3 = hist + 768;
  __builtin_memset(hist, 0, 4 * 256 * sizeof(int32_t));
  for (int64_t y = 0; y < tile.h; ++y) {
    const uint8_t* p = rows[y] + x0;
    int64_t x = 0;
    for (; x + 8 <= tile.w; x += 8) {
      const auto v = load_sample<uint64_t>(p + x);
      ++h0[v & 255];
      ++h1[(v >> 8) & 255];
      ++h2[(v >> 16) & 255];
      ++h3[(v >> 24) & 255];
      ++h0[(v >> 32) & 255];
      ++h1[(v >> 40) & 255];
      ++h2[(v >> 48) & 255];
      ++h3[v >> 56];
    }
    for (; x < tile.w; ++x) ++h0[p[x]];
  }
  for (int64_t i = 0; i < 256; ++i) h0[i] += h1[i] + h2[i] + h3[i];
}

void count_tile(const uint16_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist) {
  __builtin_memset(hist, 0, 65536 * sizeof(int32_t));
  for (int64_t y = 0; y < tile.h; ++y)
    for (int64_t x = 0; x < tile.w; ++x) ++hist[rows[y][x0 + x]];
}

// What exceeds the limit is shared out: equally, and the remainder one each to evenly spaced bins.
template <int32_t Bins>
inline void clip_histogram(int32_t limit, int32_t* hist) {
  int32_t excess = 0;
  for (int32_t i = 0; i < Bins; ++i) {
    const int32_t over = hist[i] > limit ? hist[i] - limit : 0;
    excess += over;
    hist[i] -= over;
  }
  const int32_t share = excess / Bins, rest = excess % Bins;
  for (int32_t i = 0; i < Bins; ++i) hist[i] += share;
  if (rest == 0) return;
  const int32_t step = Bins / rest;  // at least 1, as rest < Bins
  for (int32_t i = 0; i < rest; ++i) ++hist[i * step];
}

template <typename T>
void equalise_tile(const T* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist, T* lut) {
  constexpr int32_t kBins = sizeof(T) == 1 ? 256 : 65536;
  count_tile(rows, x0, tile, hist);
  if (tile.clip_limit > 0) clip_histogram<kBins>(tile.clip_limit, hist);
  int32_t sum = 0;
  for (int32_t i = 0; i < kBins; ++i) hist[i] = sum += hist[i];
  for (int32_t i = 0; i < kBins; ++i)
    lut[i] = static_cast<T>(round_even(static_cast<float>(hist[i]) * tile.scale));  // sum * scale < bins - .5
}

void clahe_lut_u8(const uint8_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist, uint8_t* lut) {
  equalise_tile(rows, x0, tile, hist, lut);
}

void clahe_lut_u16(const uint16_t* const* rows, int64_t x0, const ClaheTile& tile, int32_t* hist, uint16_t* lut) {
  equalise_tile(rows, x0, tile, hist, lut);
}

// Between tile centres every pixel needs the same four tables: packed as bytes of one word, one lookup serves all four.
void clahe_pack_u8(const uint8_t* upper, const uint8_t* lower, int64_t tiles, int32_t* packed) {
  for (int64_t region = 0; region <= tiles; ++region, packed += 256) {
    const int64_t left = 256 * (region > 0 ? region - 1 : 0), right = 256 * (region < tiles ? region : tiles - 1);
    for (int64_t i = 0; i < 256; ++i) {
      const uint32_t top = upper[left + i] | static_cast<uint32_t>(upper[right + i]) << 8;
      const uint32_t bottom = lower[left + i] | static_cast<uint32_t>(lower[right + i]) << 8;
      packed[i] = static_cast<int32_t>(top | bottom << 16);
    }
  }
}

inline float blend_four(float p11, float p12, float p21, float p22, float a1, float a, float b1, float b) {
  return (p11 * a1 + p12 * a) * b1 + (p21 * a1 + p22 * a) * b;
}

#if TWL_ISA == 2
// blend_four on bytes 0 to 3 of each word.
inline __m512i blend_words(__m512i word, __m512 a, __m512 b1, __m512 b) {
  const __m512i low = _mm512_set1_epi32(255);
  const __m512 all[4] = {
      _mm512_cvtepi32_ps(_mm512_and_si512(word, low)),
      _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(word, 8), low)),
      _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(word, 16), low)),
      _mm512_cvtepi32_ps(_mm512_srli_epi32(word, 24)),
  };
  const __m512 a1 = _mm512_sub_ps(_mm512_set1_ps(1.0f), a);
  const __m512 top = _mm512_mul_ps(_mm512_add_ps(_mm512_mul_ps(all[0], a1), _mm512_mul_ps(all[1], a)), b1);
  const __m512 bottom = _mm512_mul_ps(_mm512_add_ps(_mm512_mul_ps(all[2], a1), _mm512_mul_ps(all[3], a)), b);
  return _mm512_cvtps_epi32(_mm512_add_ps(top, bottom));
}

// Region by region, for there the 256 words fit the permutations of permute_256.
void clahe_blend_u8(const uint8_t* src, int64_t n, const int32_t* packed, const ClaheColumns& at, float b,
                    uint8_t* dst) {
  const __m512 lower = _mm512_set1_ps(b), upper = _mm512_set1_ps(1.0f - b);
  for (int64_t region = 0, x = 0; x < n; ++region) {
    const int64_t end = at.end[region];
    for (; x < end; x += 16) {
      const auto live = static_cast<__mmask16>(end - x < 16 ? (1 << (end - x)) - 1 : 0xffff);
      const __m512i px = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(live, src + x));
      const __m512 a = _mm512_maskz_loadu_ps(live, at.weight + x);
      const __m512i out = blend_words(permute_256(packed + region * 256, px), a, upper, lower);
      _mm_mask_storeu_epi8(dst + x, live, _mm512_cvtepi32_epi8(out));
    }
    x = end;
  }
}
#else
void clahe_blend_u8(const uint8_t* src, int64_t n, const int32_t* packed, const ClaheColumns& at, float b,
                    uint8_t* dst) {
  alignas(64) uint8_t px[kBlock] = {};
  alignas(64) int32_t index[kBlock], word[kBlock];
  const float b1 = 1.0f - b;
  for (int64_t x = 0; x < n; x += kBlock) {
    const auto count = static_cast<size_t>(n - x < kBlock ? n - x : kBlock);
    __builtin_memcpy(px, src + x, count);
    for (int64_t i = 0; i < kBlock; ++i) index[i] = at.region[x + i] * 256 + px[i];
    look_up<kBlock>(packed, index, word);
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t w = word[i];
      const float a = at.weight[x + i], a1 = 1.0f - a;
      px[i] = static_cast<uint8_t>(round_even(
          blend_four(static_cast<float>(w & 255), static_cast<float>((w >> 8) & 255),
                     static_cast<float>((w >> 16) & 255), static_cast<float>((w >> 24) & 255), a1, a, b1, b)));
    }
    __builtin_memcpy(dst + x, px, count);
  }
}
#endif

void clahe_blend_u16(const uint16_t* src, int64_t n, const uint16_t* upper, const uint16_t* lower, int64_t tiles,
                     const ClaheColumns& at, float b, uint16_t* dst) {
  const float b1 = 1.0f - b;
  for (int64_t x = 0; x < n; ++x) {
    const int64_t region = at.region[x];
    const int64_t left = 65536 * (region > 0 ? region - 1 : 0) + src[x];
    const int64_t right = 65536 * (region < tiles ? region : tiles - 1) + src[x];
    const float a = at.weight[x], a1 = 1.0f - a;
    dst[x] = static_cast<uint16_t>(
        round_even(blend_four(upper[left], upper[right], lower[left], lower[right], a1, a, b1, b)));
  }
}
