// Separable filters, one row at a time: rows are added up first, then columns.
constexpr int64_t kBlurBlock = 256;

#if TWL_ISA == 2
using Words = __m512i;
inline Words load_words(const int16_t* p) { return _mm512_loadu_si512(p); }
inline Words widen_bytes(const uint8_t* p) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Words add_words(Words a, Words b) { return _mm512_add_epi16(a, b); }
inline Words multiply_words(Words a, Words b) { return _mm512_mullo_epi16(a, b); }
inline void store_words(int16_t* p, Words v) { _mm512_storeu_si512(p, v); }
inline Words all_of(int32_t v) { return _mm512_set1_epi32(v); }
inline Words low_pairs(Words a, Words b) { return _mm512_unpacklo_epi16(a, b); }
inline Words high_pairs(Words a, Words b) { return _mm512_unpackhi_epi16(a, b); }
inline Words add_products(Words sum, Words a, Words b) { return _mm512_dpwssd_epi32(sum, a, b); }
inline Words upper_halves(Words low, Words high) {
  return _mm512_packus_epi32(_mm512_srli_epi32(low, 16), _mm512_srli_epi32(high, 16));
}
inline void store_bytes(uint8_t* p, Words first, Words second) {
  const Words order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi64(order, _mm512_packus_epi16(first, second)));
}
#elif TWL_ISA == 1
using Words = __m256i;
inline Words load_words(const int16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline Words widen_bytes(const uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline Words add_words(Words a, Words b) { return _mm256_add_epi16(a, b); }
inline Words multiply_words(Words a, Words b) { return _mm256_mullo_epi16(a, b); }
inline void store_words(int16_t* p, Words v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
inline Words all_of(int32_t v) { return _mm256_set1_epi32(v); }
inline Words low_pairs(Words a, Words b) { return _mm256_unpacklo_epi16(a, b); }
inline Words high_pairs(Words a, Words b) { return _mm256_unpackhi_epi16(a, b); }
inline Words add_products(Words sum, Words a, Words b) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b)); }
inline Words upper_halves(Words low, Words high) {
  return _mm256_packus_epi32(_mm256_srli_epi32(low, 16), _mm256_srli_epi32(high, 16));
}
inline void store_bytes(uint8_t* p, Words first, Words second) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), 0xD8);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), packed);
}
#endif

#if TWL_ISA > 0
constexpr int64_t kWords = sizeof(Words) / 2;
#endif

// Sums of 8-bit samples under 8-bit weights fit 16 bits; less 2^15 they are signed, as the multiply-add of pairs wants.
inline void gaussian_down_plain(const uint8_t* const* rows, int64_t n, const int16_t* weights, int64_t taps,
                                int16_t* __restrict sums) {
  alignas(64) uint16_t sum[kBlurBlock];
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t count = n - at < kBlurBlock ? n - at : kBlurBlock;
    for (int64_t i = 0; i < count; ++i) sum[i] = 0x8000U;
    for (int64_t t = 0; t < taps; ++t) {
      const uint8_t* row = rows[t] + at;
      const auto weight = static_cast<uint16_t>(weights[t]);
      for (int64_t i = 0; i < count; ++i) sum[i] = static_cast<uint16_t>(sum[i] + weight * row[i]);
    }
    for (int64_t i = 0; i < count; ++i) sums[at + i] = static_cast<int16_t>(sum[i]);
  }
}

#if TWL_ISA > 0
// kTaps 0: as many as `taps`, fewer than 64.
template <int64_t kTaps>
inline void gaussian_down_of(const uint8_t* const* rows, int64_t n, const int16_t* weights, int64_t taps,
                             int16_t* sums) {
  constexpr int64_t kMost = kTaps > 0 ? kTaps : 64;
  const int64_t last = (kTaps > 0 ? kTaps : taps) - 1, half = last / 2;
  Words weight[kMost / 2 + 1];
  const uint8_t* row[kMost];
  for (int64_t t = 0; t <= half; ++t) weight[t] = all_of(weights[t] * 0x10001);
  for (int64_t t = 0; t <= last; ++t) row[t] = rows[t];
  const Words bias = all_of(static_cast<int32_t>(0x80008000U));
  for (int64_t i = 0; i < n; i += 2 * kWords) {
    if (i > n - 2 * kWords) i = n - 2 * kWords;
    const int64_t j = i + kWords;
    Words first = add_words(bias, multiply_words(weight[half], widen_bytes(row[half] + i)));
    Words second = add_words(bias, multiply_words(weight[half], widen_bytes(row[half] + j)));
    for (int64_t t = 0; t < half; ++t) {
      const uint8_t *a = row[t], *b = row[last - t];
      first = add_words(first, multiply_words(weight[t], add_words(widen_bytes(a + i), widen_bytes(b + i))));
      second = add_words(second, multiply_words(weight[t], add_words(widen_bytes(a + j), widen_bytes(b + j))));
    }
    store_words(sums + i, first);
    store_words(sums + j, second);
  }
}
#endif

void gaussian_down(const uint8_t* const* rows, int64_t n, const int16_t* weights, int64_t taps, int16_t* sums) {
#if TWL_ISA > 0
  if (n >= 2 * kWords && taps < 64) {
    if (taps == 3) return gaussian_down_of<3>(rows, n, weights, taps, sums);
    if (taps == 5) return gaussian_down_of<5>(rows, n, weights, taps, sums);
    if (taps == 7) return gaussian_down_of<7>(rows, n, weights, taps, sums);
    return gaussian_down_of<0>(rows, n, weights, taps, sums);
  }
#endif
  gaussian_down_plain(rows, n, weights, taps, sums);
}

// What 2^15 less of every sample takes from the sum, and the half that rounds.
constexpr int32_t kGaussianBias = (1 << 23) + (1 << 15);

inline void gaussian_across_plain(const int16_t* sums, int64_t n, int64_t step, const int16_t* weights, int64_t taps,
                                  uint8_t* __restrict dst) {
  alignas(64) int32_t sum[kBlurBlock];
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t count = n - at < kBlurBlock ? n - at : kBlurBlock;
    for (int64_t i = 0; i < count; ++i) sum[i] = kGaussianBias;
    for (int64_t t = 0; t < taps; ++t) {
      const int16_t* in = sums + at + t * step;
      const int32_t weight = weights[t];
      for (int64_t i = 0; i < count; ++i) sum[i] += weight * in[i];
    }
    for (int64_t i = 0; i < count; ++i) dst[at + i] = static_cast<uint8_t>(sum[i] >> 16);
  }
}

#if TWL_ISA > 0
// kWords outputs: samples in pairs from both ends, the centre with one that weighs nothing. kTaps 0: as many as `taps`.
template <int64_t kTaps>
inline Words gaussian_words(const int16_t* in, int64_t step, const Words* weights, int64_t taps) {
  const int64_t last = (kTaps > 0 ? kTaps : taps) - 1, half = last / 2;
  Words low = all_of(kGaussianBias), high = low;
  for (int64_t t = 0; t < half; ++t) {
    const Words a = load_words(in + t * step), b = load_words(in + (last - t) * step);
    low = add_products(low, low_pairs(a, b), weights[t]);
    high = add_products(high, high_pairs(a, b), weights[t]);
  }
  const Words a = load_words(in + half * step);
  low = add_products(low, low_pairs(a, a), weights[half]);
  high = add_products(high, high_pairs(a, a), weights[half]);
  return upper_halves(low, high);
}

template <int64_t kTaps>
inline void gaussian_across_of(const int16_t* sums, int64_t n, int64_t step, const int16_t* weights, int64_t taps,
                               uint8_t* dst) {
  constexpr int64_t kMost = kTaps > 0 ? kTaps / 2 + 1 : 32;
  Words pair[kMost];
  const int64_t half = (kTaps > 0 ? kTaps : taps) / 2;
  for (int64_t t = 0; t < half; ++t) pair[t] = all_of(weights[t] * 0x10001);
  pair[half] = all_of(weights[half]);
  for (int64_t i = 0; i < n; i += 2 * kWords) {
    if (i > n - 2 * kWords) i = n - 2 * kWords;  // the last block overlaps the one before
    const Words first = gaussian_words<kTaps>(sums + i, step, pair, taps);
    store_bytes(dst + i, first, gaussian_words<kTaps>(sums + i + kWords, step, pair, taps));
  }
}
#endif

void gaussian_across(const int16_t* sums, int64_t n, int64_t step, const int16_t* weights, int64_t taps, uint8_t* dst) {
#if TWL_ISA > 0
  if (n >= 2 * kWords && taps < 64) {
    if (taps == 3) return gaussian_across_of<3>(sums, n, step, weights, taps, dst);
    if (taps == 5) return gaussian_across_of<5>(sums, n, step, weights, taps, dst);
    if (taps == 7) return gaussian_across_of<7>(sums, n, step, weights, taps, dst);
    return gaussian_across_of<0>(sums, n, step, weights, taps, dst);
  }
#endif
  gaussian_across_plain(sums, n, step, weights, taps, dst);
}

template <typename T>
void fixed_down(const T* const* rows, int64_t n, const uint32_t* weights, int64_t taps, uint32_t* __restrict sums) {
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t end = n - at < kBlurBlock ? n : at + kBlurBlock;
    for (int64_t i = at; i < end; ++i) sums[i] = 0;
    for (int64_t t = 0; t < taps; ++t) {
      const T* row = rows[t];
      const uint32_t weight = weights[t];
      for (int64_t i = at; i < end; ++i) sums[i] += weight * row[i];
    }
  }
}

template <typename T>
inline void round_sums(const uint64_t* sum, int64_t n, const Rounding& rounding, T* dst) {
  const auto shift = static_cast<uint64_t>(rounding.shift);
  if (rounding.divisor > 0) {
    // With a half added no quotient is so near to a whole number that float64 could be on its other side.
    const double share = 1.0 / static_cast<double>(rounding.divisor);
    const double half = static_cast<double>(rounding.divisor / 2) + 0.5;
    for (int64_t i = 0; i < n; ++i)
      dst[i] = static_cast<T>(static_cast<int64_t>((static_cast<double>(static_cast<int64_t>(sum[i])) + half) * share));
  } else if (rounding.even) {
    const uint64_t below = (uint64_t{1} << (shift - 1)) - 1;
    for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<T>((sum[i] + below + ((sum[i] >> shift) & 1U)) >> shift);
  } else {
    const uint64_t half = uint64_t{1} << (shift - 1);
    for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<T>((sum[i] + half) >> shift);
  }
}

template <typename T>
void fixed_across(const uint32_t* sums, int64_t n, int64_t step, const uint32_t* weights, int64_t taps,
                  const Rounding& rounding, T* dst) {
  alignas(64) uint64_t sum[kBlurBlock];
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t count = n - at < kBlurBlock ? n - at : kBlurBlock;
    for (int64_t i = 0; i < count; ++i) sum[i] = 0;
    for (int64_t t = 0; t < taps; ++t) {
      const uint32_t* in = sums + at + t * step;
      const uint64_t weight = weights[t];
      for (int64_t i = 0; i < count; ++i) sum[i] += weight * in[i];
    }
    round_sums(sum, count, rounding, dst + at);
  }
}

void real_down(const float* const* rows, int64_t n, const float* weights, int64_t taps, float* __restrict sums) {
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t end = n - at < kBlurBlock ? n : at + kBlurBlock;
    for (int64_t i = at; i < end; ++i) sums[i] = 0.0F;
    for (int64_t t = 0; t < taps; ++t) {
      const float* row = rows[t];
      const float weight = weights[t];
      for (int64_t i = at; i < end; ++i) sums[i] += weight * row[i];
    }
  }
}

void real_across(const float* sums, int64_t n, int64_t step, const float* weights, int64_t taps,
                 float* __restrict dst) {
  for (int64_t at = 0; at < n; at += kBlurBlock) {
    const int64_t end = n - at < kBlurBlock ? n : at + kBlurBlock;
    for (int64_t i = at; i < end; ++i) dst[i] = 0.0F;
    for (int64_t t = 0; t < taps; ++t) {
      const float* in = sums + t * step;
      const float weight = weights[t];
      for (int64_t i = at; i < end; ++i) dst[i] += weight * in[i];
    }
  }
}
