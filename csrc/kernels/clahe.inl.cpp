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
// The weights of 16 columns: of each of the bytes that a word holds, for numbers that are 1, 2^8, 2^16 and 2^24 times
// too large. Powers of two change no rounding.
struct ColumnWeights {
  __m512 byte[4];
};

inline ColumnWeights column_weights(__m512 a) {
  const __m512 a1 = _mm512_sub_ps(_mm512_set1_ps(1.0F), a);
  return {{a1, _mm512_mul_ps(a, _mm512_set1_ps(0x1p-8F)), _mm512_mul_ps(a1, _mm512_set1_ps(0x1p-16F)),
           _mm512_mul_ps(a, _mm512_set1_ps(0x1p-24F))}};
}

constexpr int64_t kRows = 4;  // that are worked on side by side

// blend_four on bytes 0 to 3 of each word, in place.
inline void blend_words(__m512i* word, const ColumnWeights& k, const float* b) {
  __m512 part[4][kRows];
  for (int64_t i = 0; i < 4; ++i) {
    const __m512i at = _mm512_set1_epi32(static_cast<int32_t>(255U << (8 * i)));
    for (int64_t r = 0; r < kRows; ++r)
      part[i][r] = _mm512_mul_ps(_mm512_cvtepu32_ps(_mm512_and_si512(word[r], at)), k.byte[i]);
  }
  for (int64_t r = 0; r < kRows; ++r) {
    const __m512 top = _mm512_mul_ps(_mm512_add_ps(part[0][r], part[1][r]), _mm512_set1_ps(1.0F - b[r]));
    const __m512 bottom = _mm512_mul_ps(_mm512_add_ps(part[2][r], part[3][r]), _mm512_set1_ps(b[r]));
    word[r] = _mm512_cvtps_epi32(_mm512_add_ps(top, bottom));
  }
}

// The bytes of row r in lane r.
inline __m512i pack_rows(const __m512i* v) {
  const __m512i mixed = _mm512_packus_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3]));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, mixed);
}

// 16 columns at x in all rows.
inline void blend_columns(const uint8_t* const* src, const View& dst, int64_t x, __mmask16 live, const __m512i* table,
                          const ColumnWeights& k, const float* b) {
  for (int64_t y = 0; y < dst.h; y += kRows) {
    float weight[kRows];
    __m512i v[kRows];
    for (int64_t r = 0; r < kRows; ++r) {
      const int64_t at = y + r < dst.h ? y + r : dst.h - 1;  // behind the last row the last one again
      weight[r] = b[at];
      v[r] = permute_256(table, _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(live, src[at] + x)));
    }
    blend_words(v, k, weight);
    const __m512i rows = pack_rows(v);
    uint8_t* d = dst.data + y * dst.sy + x;
    const int64_t count = dst.h - y;
    _mm_mask_storeu_epi8(d, live, _mm512_castsi512_si128(rows));
    if (count > 1) _mm_mask_storeu_epi8(d + dst.sy, live, _mm512_extracti32x4_epi32(rows, 1));
    if (count > 2) _mm_mask_storeu_epi8(d + 2 * dst.sy, live, _mm512_extracti32x4_epi32(rows, 2));
    if (count > 3) _mm_mask_storeu_epi8(d + 3 * dst.sy, live, _mm512_extracti32x4_epi32(rows, 3));
  }
}

// Region by region, for there the 256 words fit the registers.
void clahe_blend_u8(const uint8_t* const* src, const View& dst, const int32_t* packed, const ClaheColumns& at,
                    const float* b) {
  for (int64_t region = 0, x = 0; x < dst.w; ++region) {
    const int64_t end = at.end[region];
    __m512i table[16];
    for (int64_t i = 0; i < 16; ++i) table[i] = _mm512_loadu_si512(packed + region * 256 + 16 * i);
    for (; x < end; x += 16) {
      const auto live = static_cast<__mmask16>(end - x < 16 ? (1 << (end - x)) - 1 : 0xffff);
      blend_columns(src, dst, x, live, table, column_weights(_mm512_maskz_loadu_ps(live, at.weight + x)), b);
    }
    x = end;
  }
}
#else
inline void blend_row_u8(const uint8_t* src, int64_t n, const int32_t* packed, const ClaheColumns& at, float b,
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

void clahe_blend_u8(const uint8_t* const* src, const View& dst, const int32_t* packed, const ClaheColumns& at,
                    const float* b) {
  for (int64_t y = 0; y < dst.h; ++y) blend_row_u8(src[y], dst.w, packed, at, b[y], dst.data + y * dst.sy);
}
#endif

void clahe_blend_u16(const uint16_t* const* src, const View& dst, const uint16_t* upper, const uint16_t* lower,
                     int64_t tiles, const ClaheColumns& at, const float* weight) {
  for (int64_t y = 0; y < dst.h; ++y) {
    auto* out = reinterpret_cast<uint16_t*>(dst.data + y * dst.sy);
    const float b = weight[y], b1 = 1.0f - b;
    for (int64_t x = 0; x < dst.w; ++x) {
      const int64_t region = at.region[x];
      const int64_t left = 65536 * (region > 0 ? region - 1 : 0) + src[y][x];
      const int64_t right = 65536 * (region < tiles ? region : tiles - 1) + src[y][x];
      const float a = at.weight[x], a1 = 1.0f - a;
      out[x] = static_cast<uint16_t>(
          round_even(blend_four(upper[left], upper[right], lower[left], lower[right], a1, a, b1, b)));
    }
  }
}
