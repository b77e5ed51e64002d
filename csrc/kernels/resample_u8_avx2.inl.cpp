// Pillow's 8-bit resampling with AVX2; see resample_u8.inl.cpp.

inline __m256i splat(const int32_t* p) { return _mm256_set1_epi32(*p); }

inline __m256i combine(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, 12));
  return _mm256_srai_epi32(sum, 22);
}

inline __m128i load16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline __m256i load_lanes(const uint8_t* a, const uint8_t* b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(a)), load16(b), 1);
}

// Two rows at once, one in each 128-bit lane; taps 0 and 2, then 1 and 3, as pairs of 16-bit numbers.
template <int C, int P, bool OneGroup>
inline __attribute__((always_inline)) __m256i h_output(const uint8_t* a, const uint8_t* b, int64_t o,
                                                       const FixedWeights& w, __m256i even, __m256i odd) {
  const int64_t offset = static_cast<int64_t>(w.start[o]) * P;
  const int32_t* k = w.words + o;
  __m256i low = _mm256_set1_epi32(kHalf), high = _mm256_setzero_si256();
  for (int64_t g = 0; g < (OneGroup ? 1 : w.groups); ++g, k += 4 * w.stride) {
    const __m256i v = load_lanes(a + offset + g * 4 * P, b + offset + g * 4 * P);
    const __m256i e = _mm256_shuffle_epi8(v, even), d = _mm256_shuffle_epi8(v, odd);
    low = _mm256_add_epi32(low, _mm256_madd_epi16(e, splat(k)));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(d, splat(k + w.stride)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(e, splat(k + 2 * w.stride)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(d, splat(k + 3 * w.stride)));
  }
  return combine(low, high);
}

template <int C, int P, bool OneGroup>
void h_two_rows(const uint8_t* a, const uint8_t* b, uint8_t* da, uint8_t* db, int64_t first, int64_t n,
                const FixedWeights w) {
  const __m256i even =
      _mm256_broadcastsi128_si256(P == 3 ? _mm_setr_epi8(0, -1, 6, -1, 1, -1, 7, -1, 2, -1, 8, -1, -1, -1, -1, -1)
                                         : _mm_setr_epi8(0, -1, 8, -1, 1, -1, 9, -1, 2, -1, 10, -1, 3, -1, 11, -1));
  const __m256i odd =
      _mm256_broadcastsi128_si256(P == 3 ? _mm_setr_epi8(3, -1, 9, -1, 4, -1, 10, -1, 5, -1, 11, -1, -1, -1, -1, -1)
                                         : _mm_setr_epi8(4, -1, 12, -1, 5, -1, 13, -1, 6, -1, 14, -1, 7, -1, 15, -1));
  const __m256i compact =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const auto output = [&](int64_t o) { return h_output<C, P, OneGroup>(a, b, o, w, even, odd); };
  const uintptr_t below = rows_on(a, b, 4);
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t o = first + i;
    const uintptr_t ahead = below + static_cast<uintptr_t>(w.start[o]) * P;
    prefetch(a, ahead);
    prefetch(b, ahead);
    const __m256i low = _mm256_packs_epi32(output(o), output(o + 1));
    const __m256i high = _mm256_packs_epi32(output(o + 2), output(o + 3));
    __m256i out = _mm256_packus_epi16(low, high);
    if (C == 3) out = _mm256_shuffle_epi8(out, compact);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(da + i * C), _mm256_castsi256_si128(out));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(db + i * C), _mm256_extracti128_si256(out, 1));
  }
}

template <int C, int P>
void h_rows(const uint8_t* const* row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights& w) {
  for (int r = 0; r < 4; r += 2) {
    w.groups == 1 ? h_two_rows<C, P, true>(row[r], row[r + 1], dst[r], dst[r + 1], first, n, w)
                  : h_two_rows<C, P, false>(row[r], row[r + 1], dst[r], dst[r + 1], first, n, w);
  }
}

void h_gray(const uint8_t* row, uint8_t* dst, int64_t first, int64_t n, const FixedWeights w) {
  const __m256i byte = _mm256_set1_epi32(0x00ff00ff);
  for (int64_t i = 0; i < n; i += 8) {
    __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w.start + first + i));
    const int32_t* k = w.words + first + i;
    __m256i low = _mm256_set1_epi32(kHalf), high = _mm256_setzero_si256();
    for (int64_t g = 0; g < w.groups; ++g, k += 4 * w.stride) {
      const __m256i v = _mm256_i32gather_epi32(reinterpret_cast<const int*>(row), at, 1);
      const __m256i e = _mm256_and_si256(v, byte), d = _mm256_and_si256(_mm256_srli_epi32(v, 8), byte);
      const auto weight = [&](int q) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(k + q * w.stride)); };
      low = _mm256_add_epi32(low, _mm256_add_epi32(_mm256_madd_epi16(e, weight(0)), _mm256_madd_epi16(d, weight(1))));
      high = _mm256_add_epi32(high, _mm256_add_epi32(_mm256_madd_epi16(e, weight(2)), _mm256_madd_epi16(d, weight(3))));
      at = _mm256_add_epi32(at, _mm256_set1_epi32(4));
    }
    const __m256i v = _mm256_packs_epi32(combine(low, high), _mm256_setzero_si256());
    const __m256i b = _mm256_packus_epi16(v, v);
    const int32_t first4 = _mm256_extract_epi32(b, 0), last4 = _mm256_extract_epi32(b, 4);
    __builtin_memcpy(dst + i, &first4, 4);
    __builtin_memcpy(dst + i + 4, &last4, 4);
  }
}

// Words of two rows side by side in each 32-bit word: rows 0 and 2, then 1 and 3.
struct Pair {
  __m256i low, high;  // sums of the two weight words
};

inline void add_taps(Pair& s, __m256i px, __m256i w0, __m256i w1) {
  s.low = _mm256_add_epi32(s.low, _mm256_madd_epi16(px, w0));
  s.high = _mm256_add_epi32(s.high, _mm256_madd_epi16(px, w1));
}

inline __m256i load32(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

template <bool OneGroup>
inline __attribute__((always_inline)) void v_block(const uint8_t* const* src, uint8_t* dst, int64_t j, const int32_t* k,
                                                   int64_t groups, int64_t stride) {
  const __m256i zero = _mm256_setzero_si256();
  Pair q0{_mm256_set1_epi32(kHalf), zero}, q1 = q0, q2 = q0, q3 = q0;
  for (int64_t g = 0; g < (OneGroup ? 1 : groups); ++g, k += 4 * stride) {
    for (int64_t pair = 0; pair < 2; ++pair) {
      const __m256i a = load32(src[4 * g + pair] + j), b = load32(src[4 * g + pair + 2] + j);
      const __m256i lo = _mm256_unpacklo_epi8(a, b), hi = _mm256_unpackhi_epi8(a, b);
      const __m256i w0 = splat(k + pair * stride), w1 = splat(k + (pair + 2) * stride);
      add_taps(q0, _mm256_unpacklo_epi8(lo, zero), w0, w1);
      add_taps(q1, _mm256_unpackhi_epi8(lo, zero), w0, w1);
      add_taps(q2, _mm256_unpacklo_epi8(hi, zero), w0, w1);
      add_taps(q3, _mm256_unpackhi_epi8(hi, zero), w0, w1);
    }
  }
  // Unpacking by bytes, twice, leaves pixels 0-3, 4-7, 8-11, 12-15 of each lane: packing restores their order.
  const __m256i s01 = _mm256_packs_epi32(combine(q0.low, q0.high), combine(q1.low, q1.high));
  const __m256i s23 = _mm256_packs_epi32(combine(q2.low, q2.high), combine(q3.low, q3.high));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + j), _mm256_packus_epi16(s01, s23));
}

template <bool OneGroup>
void v_row(const uint8_t* const* src, uint8_t* dst, int64_t n, const int32_t* k, int64_t groups, int64_t stride) {
  const uint8_t* near[4] = {src[0], src[1], src[2], src[3]};  // not to be read again after every store
  const uint8_t* const* rows = OneGroup ? near : src;
  for (int64_t j = 0; j + 32 <= n; j += 32) v_block<OneGroup>(rows, dst, j, k, groups, stride);
  if (n % 32 != 0) v_block<OneGroup>(rows, dst, n - 32, k, groups, stride);
}

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  if (n < 32) return v_scalar(src, dst, 0, n, output, w);
  const int32_t* k = w.words + output;
  w.groups == 1 ? v_row<true>(src, dst, n, k, 1, w.stride) : v_row<false>(src, dst, n, k, w.groups, w.stride);
}
