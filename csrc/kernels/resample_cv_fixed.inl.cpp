// OpenCV's fixed-point resize, a row at a time: horizontal sums first, then rows weighed against each other.
// Weights: LINEAR and CUBIC 11 bits, LINEAR_EXACT 8 bits (uint8) or 16 bits (uint16).

inline uint8_t cv_low8(int32_t v) { return static_cast<uint8_t>(v); }

inline uint8_t cv_clip8(int32_t v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

// (x0 a0 + x1 a1) >> shift. The second tap follows the first, except where its weight is 0 and it may not exist.
inline void cv_pairs_scalar(const uint8_t* src, uint16_t* dst, int64_t channels, int64_t begin, const CvPairs& p,
                            int shift) {
  const int32_t *start = p.start, *pairs = p.pair;
  const int64_t n = p.n, repeat = p.repeat;
  for (int64_t i = begin; i < n; ++i) {
    const uint8_t* x0 = src + start[i] * channels;
    const int32_t pair = pairs[i * repeat], a0 = pair & 0xFFFF, a1 = pair >> 16;
    const uint8_t* x1 = x0 + (a1 != 0 ? channels : 0);
    for (int64_t c = 0; c < channels; ++c) {
      dst[i * channels + c] = static_cast<uint16_t>((x0[c] * a0 + x1[c] * a1) >> shift);
    }
  }
}

#if TWL_ISA > 0

inline __m128i cv_load_low(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }

inline __m256i cv_load_lanes(const int32_t* low, const int32_t* high) {
  const __m128i l = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(l), _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

// Four outputs a, b, c, d of three or four channels. The pixels of an output and the next lie in eight bytes:
// [a | b] [c | d]  ->  r0 r1 g0 g1 b0 b1 . .  as 16 bits, weighed in pairs.
template <int C>
int64_t cv_pairs_color(const uint8_t* src, uint16_t* dst, int64_t end, const CvPairs& p, int shift) {
  const __m256i first =
      _mm256_broadcastsi128_si256(C == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                         : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1));
  const __m256i second = _mm256_or_si256(first, _mm256_set1_epi16(8));
  const __m256i compact =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
  const __m128i by = _mm_cvtsi32_si128(shift);
  int64_t i = 0;
  for (; i + 4 <= end; i += 4) {
    const int32_t* s = p.start + i;
    const __m128i ab = _mm_unpacklo_epi64(cv_load_low(src + s[0] * C), cv_load_low(src + s[1] * C));
    const __m128i cd = _mm_unpacklo_epi64(cv_load_low(src + s[2] * C), cv_load_low(src + s[3] * C));
    const __m256i px = _mm256_inserti128_si256(_mm256_castsi128_si256(ab), cd, 1);
    const int32_t* w = p.pair + i * 4;
    const __m256i ac = _mm256_madd_epi16(_mm256_shuffle_epi8(px, first), cv_load_lanes(w, w + 8));
    const __m256i bd = _mm256_madd_epi16(_mm256_shuffle_epi8(px, second), cv_load_lanes(w + 4, w + 12));
    __m256i sum = _mm256_packus_epi32(_mm256_srl_epi32(ac, by), _mm256_srl_epi32(bd, by));
    if (C == 3) sum = _mm256_shuffle_epi8(sum, compact);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i * C), _mm256_castsi256_si128(sum));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i * C + 2 * C), _mm256_extracti128_si256(sum, 1));
  }
  return i;
}

inline int cv_load_two(const uint8_t* p) {
  uint16_t v;
  __builtin_memcpy(&v, p, 2);
  return v;
}

// Eight outputs of one channel. Sixteen-bit loads and inserts: a gather costs more on many CPUs.
inline int64_t cv_pairs_gray(const uint8_t* src, uint16_t* dst, int64_t end, const CvPairs& p, int shift) {
  const __m128i by = _mm_cvtsi32_si128(shift);
  int64_t i = 0;
  for (; i + 8 <= end; i += 8) {
    const int32_t* s = p.start + i;
    __m128i a = _mm_cvtsi32_si128(cv_load_two(src + s[0])), b = _mm_cvtsi32_si128(cv_load_two(src + s[4]));
    a = _mm_insert_epi16(a, cv_load_two(src + s[1]), 1);
    b = _mm_insert_epi16(b, cv_load_two(src + s[5]), 1);
    a = _mm_insert_epi16(a, cv_load_two(src + s[2]), 2);
    b = _mm_insert_epi16(b, cv_load_two(src + s[6]), 2);
    a = _mm_insert_epi16(a, cv_load_two(src + s[3]), 3);
    b = _mm_insert_epi16(b, cv_load_two(src + s[7]), 3);
    const __m256i px = _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(a, b));
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p.pair + i));
    const __m256i sum = _mm256_srl_epi32(_mm256_madd_epi16(px, w), by);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(sum, sum), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), _mm256_castsi256_si128(packed));
  }
  return i;
}

#endif

// dst has room for four items more than n * channels.
void cv_pairs_h(const uint8_t* src, uint16_t* dst, int64_t src_items, int64_t channels, const CvPairs& p, int shift) {
  int64_t done = 0;
#if TWL_ISA > 0
  int64_t end = p.n;
  while (end > 0 && p.start[end - 1] * channels + 8 > src_items) --end;  // the vector code reads eight bytes
  if (channels == 1) done = cv_pairs_gray(src, dst, end, p, shift);
  if (channels == 3) done = cv_pairs_color<3>(src, dst, end, p, shift);
  if (channels == 4) done = cv_pairs_color<4>(src, dst, end, p, shift);
#else
  (void)src_items;
#endif
  cv_pairs_scalar(src, dst, channels, done, p, shift);
}

// LINEAR: H is the horizontal sum >> 4, at most 255 << 7; the weights of an axis sum to 2048, so nothing overflows.
void cv_linear_v_u8(const uint16_t* row0, const uint16_t* row1, const int32_t* weights, uint8_t* dst, int64_t items) {
  const int32_t b0 = weights[0], b1 = weights[1];
  for (int64_t j = 0; j < items; ++j) {
    const int32_t h0 = static_cast<int16_t>(row0[j]), h1 = static_cast<int16_t>(row1[j]);
    const auto s = static_cast<int16_t>(((h0 * b0) >> 16) + ((h1 * b1) >> 16));
    dst[j] = cv_low8((s + 2) >> 2);
  }
}

void cv_exact_v_u8(const uint16_t* row0, const uint16_t* row1, const int32_t* weights, uint8_t* dst, int64_t items) {
  const int32_t b0 = weights[0], b1 = weights[1];
  for (int64_t j = 0; j < items; ++j) dst[j] = cv_low8((row0[j] * b0 + row1[j] * b1 + 32768) >> 16);
}

void cv_exact_h_u16(const uint8_t* src, uint32_t* dst, int64_t channels, const CvTaps& t) {
  const int64_t n = t.n;
  const int32_t *at = t.index, *w = t.fixed;
  for (int64_t i = 0; i < n; ++i, at += 2, w += 2) {
    const uint8_t *x0 = src + at[0] * channels * 2, *x1 = src + at[1] * channels * 2;
    const auto a0 = static_cast<uint32_t>(w[0]), a1 = static_cast<uint32_t>(w[1]);
    for (int64_t c = 0; c < channels; ++c) {
      uint16_t p0, p1;
      __builtin_memcpy(&p0, x0 + 2 * c, 2);
      __builtin_memcpy(&p1, x1 + 2 * c, 2);
      dst[i * channels + c] = p0 * a0 + p1 * a1;
    }
  }
}

void cv_exact_v_u16(const uint32_t* row0, const uint32_t* row1, const int32_t* weights, uint8_t* dst, int64_t items) {
  const auto b0 = static_cast<uint64_t>(weights[0]), b1 = static_cast<uint64_t>(weights[1]);
  for (int64_t j = 0; j < items; ++j) {
    const auto v = static_cast<uint16_t>((row0[j] * b0 + row1[j] * b1 + (uint64_t{1} << 31)) >> 32);
    __builtin_memcpy(dst + 2 * j, &v, 2);
  }
}

template <int C>
void cv_cubic_row(const uint8_t* src, int32_t* dst, int64_t channels, const CvTaps& t) {
  const int64_t cn = C > 0 ? C : channels, n = t.n;
  const int32_t *at = t.index, *w = t.fixed;
  for (int64_t i = 0; i < n; ++i, at += 4, w += 4) {
    const uint8_t *p0 = src + at[0] * cn, *p1 = src + at[1] * cn, *p2 = src + at[2] * cn, *p3 = src + at[3] * cn;
    for (int64_t c = 0; c < cn; ++c) dst[i * cn + c] = p0[c] * w[0] + p1[c] * w[1] + p2[c] * w[2] + p3[c] * w[3];
  }
}

#if TWL_ISA > 0

// Three or four channels: the four pixels of an output lie in sixteen bytes, weighed as two pairs.
// Outputs whose taps leave the row, or whose load would, are left to the scalar code.
template <int C>
void cv_cubic_color(const uint8_t* src, int32_t* dst, int64_t src_items, const CvTaps& t) {
  const __m128i first = C == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                               : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
  const __m128i second = _mm_add_epi8(first, _mm_and_si128(_mm_set1_epi16(2 * C), _mm_set1_epi16(0xFF)));
  const __m128i narrow = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13);
  const int64_t n = t.n;
  const int32_t *at = t.index, *fixed = t.fixed;
  for (int64_t i = 0; i < n; ++i, at += 4, fixed += 4) {
    if (at[3] - at[0] != 3 || int64_t{at[0]} * C + 16 > src_items) {
      const CvTaps one{1, 4, at, fixed, nullptr};
      cv_cubic_row<C>(src, dst + i * C, C, one);
      continue;
    }
    const __m128i px = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + int64_t{at[0]} * C));
    const __m128i w = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(fixed)), narrow);
    const __m128i a = _mm_madd_epi16(_mm_shuffle_epi8(px, first), _mm_shuffle_epi32(w, 0x00));
    const __m128i b = _mm_madd_epi16(_mm_shuffle_epi8(px, second), _mm_shuffle_epi32(w, 0x55));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i * C), _mm_add_epi32(a, b));
  }
}

#endif

// dst has room for four items more than n * channels.
void cv_cubic_h_u8(const uint8_t* src, int32_t* dst, int64_t src_items, int64_t channels, const CvTaps& t) {
#if TWL_ISA > 0
  if (channels == 3) return cv_cubic_color<3>(src, dst, src_items, t);
  if (channels == 4) return cv_cubic_color<4>(src, dst, src_items, t);
#else
  (void)src_items;
#endif
  if (channels == 1) return cv_cubic_row<1>(src, dst, 1, t);
  cv_cubic_row<0>(src, dst, channels, t);
}

// |sum| stays below 1.55e9: |weights| of an axis sum to at most 1.375 * 2048.
void cv_cubic_v_u8(const int32_t* const* rows, const int32_t* w, uint8_t* dst, int64_t items) {
  const int32_t *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3];
  const int32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
  for (int64_t j = 0; j < items; ++j) {
    dst[j] = cv_clip8((r0[j] * w0 + r1[j] * w1 + r2[j] * w2 + r3[j] * w3 + (1 << 21)) >> 22);
  }
}
