// Gray as a weighted sum, Pillow's and OpenCV's.

// The float formula is a sum from left to right, each operation rounded.
inline float weighted_sum(float r, float g, float b, const GrayWeights& k) {
  return (r * k.real[0] + g * k.real[1]) + b * k.real[2];
}

// The weights add up to 2^shift: even 16-bit samples, with the rounding half, stay below 2^32.
template <typename T>
inline T weighted_sum(T r, T g, T b, const GrayWeights& k) {
  const uint32_t half = 1u << (k.shift - 1);
  return static_cast<T>((k.fixed[0] * r + k.fixed[1] * g + k.fixed[2] * b + half) >> k.shift);
}

#if TWL_ISA > 0
// weighted_sum of 16 pixels by 16-bit products in pairs, (r, g) and (g, b): half of green's weight, which may exceed
// 2^15, goes with red and the rest with blue.
inline void gray_16(const PixelBlock<uint8_t>& in, int64_t i, const GrayWeights& k, uint8_t* out) {
  const auto pair = [](uint32_t a, uint32_t b) { return _mm256_set1_epi32(static_cast<int32_t>(a | b << 16)); };
  const uint32_t green = k.fixed[1] / 2;
  const __m256i w_rg = pair(k.fixed[0], green), w_gb = pair(k.fixed[1] - green, k.fixed[2]);
  const __m256i half = _mm256_set1_epi32(1 << (k.shift - 1));
  const __m256i r = _mm256_cvtepu8_epi16(load_16(in.channel[0] + i));
  const __m256i g = _mm256_cvtepu8_epi16(load_16(in.channel[1] + i));
  const __m256i b = _mm256_cvtepu8_epi16(load_16(in.channel[2] + i));
  const auto sum = [&](__m256i rg, __m256i gb) {
    const __m256i v = _mm256_add_epi32(_mm256_madd_epi16(rg, w_rg), _mm256_madd_epi16(gb, w_gb));
    return _mm256_srl_epi32(_mm256_add_epi32(v, half), _mm_cvtsi32_si128(k.shift));
  };
  // Unpacking and packing both work within 128-bit lanes, so that the order comes out right.
  const __m256i words = _mm256_packus_epi32(sum(_mm256_unpacklo_epi16(r, g), _mm256_unpacklo_epi16(g, b)),
                                            sum(_mm256_unpackhi_epi16(r, g), _mm256_unpackhi_epi16(g, b)));
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), bytes);
}
#endif

#if TWL_ISA > 1
// The same of 32 pixels.
inline void gray_32(const PixelBlock<uint8_t>& in, int64_t i, const GrayWeights& k, uint8_t* out) {
  const auto pair = [](uint32_t a, uint32_t b) { return _mm512_set1_epi32(static_cast<int32_t>(a | b << 16)); };
  const auto load = [](const uint8_t* p) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  };
  const uint32_t green = k.fixed[1] / 2;
  const __m512i w_rg = pair(k.fixed[0], green), w_gb = pair(k.fixed[1] - green, k.fixed[2]);
  const __m512i half = _mm512_set1_epi32(1 << (k.shift - 1));
  const __m512i r = load(in.channel[0] + i), g = load(in.channel[1] + i), b = load(in.channel[2] + i);
  const auto sum = [&](__m512i rg, __m512i gb) {
    const __m512i v = _mm512_add_epi32(_mm512_madd_epi16(rg, w_rg), _mm512_madd_epi16(gb, w_gb));
    return _mm512_srl_epi32(_mm512_add_epi32(v, half), _mm_cvtsi32_si128(k.shift));
  };
  const __m512i words = _mm512_packus_epi32(sum(_mm512_unpacklo_epi16(r, g), _mm512_unpacklo_epi16(g, b)),
                                            sum(_mm512_unpackhi_epi16(r, g), _mm512_unpackhi_epi16(g, b)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm512_cvtepi16_epi8(words));
}
#endif

template <typename T>
inline void gray_block(const PixelBlock<T>& in, const GrayWeights& k, T* out) {
#if TWL_ISA > 0
  if constexpr (sizeof(T) == 1) {
#if TWL_ISA > 1
    for (int64_t i = 0; i < kBlock; i += 32) gray_32(in, i, k, out);
#else
    for (int64_t i = 0; i < kBlock; i += 16) gray_16(in, i, k, out);
#endif
    return;
  }
#endif
  for (int64_t i = 0; i < kBlock; ++i) out[i] = weighted_sum(in.channel[0][i], in.channel[1][i], in.channel[2][i], k);
}
