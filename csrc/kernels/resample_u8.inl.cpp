// Pillow's 8-bit resampling: out = clip((2^21 + sum k * px) >> 22) with 22-bit weights k (Pillow, src/libImaging/Resample.c).
// The SIMD forms split k so that the products fit narrower multipliers; the sum modulo 2^32 is the same.

constexpr int32_t kHalf = 1 << 21;

inline uint8_t clip8(int32_t sum) {
  const int32_t v = sum >> 22;
  return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
}

void h_scalar(const uint8_t* src, uint8_t* dst, int64_t channels, int64_t first, int64_t n, const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  for (int64_t i = 0; i < n; ++i) {
    const int32_t* k = w.k + (first + i) * taps;
    const uint8_t* p = src + w.start[first + i] * channels;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = kHalf;
      for (int64_t t = 0; t < taps; ++t) sum += k[t] * p[t * channels + c];
      dst[i * channels + c] = clip8(sum);
    }
  }
}

#if TWL_ISA < 2
void v_scalar(const uint8_t* const* src, uint8_t* dst, int64_t begin, int64_t end, int64_t output,
              const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  const int32_t* k = w.k + output * taps;
  for (int64_t j = begin; j < end; ++j) {
    int32_t sum = kHalf;
    for (int64_t t = 0; t < taps; ++t) sum += k[t] * src[t][j];
    dst[j] = clip8(sum);
  }
}
#endif

#if TWL_ISA == 2

// acc = b0 + 2^8 b1 + 2^16 b2, then the common tail of both passes.
inline __m512i combine(__m512i a0, __m512i a1, __m512i a2) {
  const __m512i sum = _mm512_add_epi32(a0, _mm512_add_epi32(_mm512_slli_epi32(a1, 8), _mm512_slli_epi32(a2, 16)));
  return _mm512_srai_epi32(sum, 22);
}

inline __m512i splat(const int32_t* p) { return _mm512_set1_epi32(*p); }

inline __m512i load_lanes(const uint8_t* const* row, int64_t offset) {
  __m512i v = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row[0] + offset)));
  v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[1] + offset)), 1);
  v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[2] + offset)), 2);
  return _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[3] + offset)), 3);
}

// Four rows at once, one in each 128-bit lane:  r g b r g b r g b r g b ....  ->  rrrr gggg bbbb ....
template <int C>
inline __m512i h_output(const uint8_t* const* row, int64_t o, const FixedWeights& w, __m512i gather_taps) {
  const int64_t offset = static_cast<int64_t>(w.start[o]) * C;
  const int32_t* k = w.bytes + o;
  __m512i a0 = _mm512_set1_epi32(kHalf), a1 = _mm512_setzero_si512(), a2 = a1;
  for (int64_t g = 0; g < w.groups; ++g, k += 3 * w.stride) {
    const __m512i px = _mm512_shuffle_epi8(load_lanes(row, offset + g * 4 * C), gather_taps);
    a0 = _mm512_dpbusd_epi32(a0, px, splat(k));
    a1 = _mm512_dpbusd_epi32(a1, px, splat(k + w.stride));
    a2 = _mm512_dpbusd_epi32(a2, px, splat(k + 2 * w.stride));
  }
  return combine(a0, a1, a2);
}

template <int C>
void h_rows(const uint8_t* const* row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights& w) {
  const __m512i taps = _mm512_broadcast_i32x4(
      C == 3 ? _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1)
             : _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i compact = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t o = first + i;
    const __m512i low = _mm512_packs_epi32(h_output<C>(row, o, w, taps), h_output<C>(row, o + 1, w, taps));
    const __m512i high = _mm512_packs_epi32(h_output<C>(row, o + 2, w, taps), h_output<C>(row, o + 3, w, taps));
    __m512i out = _mm512_packus_epi16(low, high);
    if (C == 3) out = _mm512_shuffle_epi8(out, compact);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[0] + i * C), _mm512_castsi512_si128(out));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[1] + i * C), _mm512_extracti32x4_epi32(out, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[2] + i * C), _mm512_extracti32x4_epi32(out, 2));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[3] + i * C), _mm512_extracti32x4_epi32(out, 3));
  }
}

// One channel: sixteen outputs at once, four taps of each fetched by one 32-bit gather.
void h_gray(const uint8_t* row, uint8_t* dst, int64_t first, int64_t n, const FixedWeights& w) {
  for (int64_t i = 0; i < n; i += 16) {
    __m512i at = _mm512_loadu_si512(w.start + first + i);
    const int32_t* k = w.bytes + first + i;
    __m512i a0 = _mm512_set1_epi32(kHalf), a1 = _mm512_setzero_si512(), a2 = a1;
    for (int64_t g = 0; g < w.groups; ++g, k += 3 * w.stride) {
      // Masked from zero: the plain form of GCC 12 waits for the register's last value.
      const __m512i px = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, at, row, 1);
      a0 = _mm512_dpbusd_epi32(a0, px, _mm512_loadu_si512(k));
      a1 = _mm512_dpbusd_epi32(a1, px, _mm512_loadu_si512(k + w.stride));
      a2 = _mm512_dpbusd_epi32(a2, px, _mm512_loadu_si512(k + 2 * w.stride));
      at = _mm512_add_epi32(at, _mm512_set1_epi32(4));
    }
    const __m512i v = _mm512_max_epi32(combine(a0, a1, a2), _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), _mm512_cvtusepi32_epi8(v));
  }
}

// Bytes of four rows side by side in each 32-bit word; unpack and pack undo each other's order within a lane.
inline void v_block(const uint8_t* const* src, uint8_t* dst, int64_t j, __mmask64 mask, const int32_t* k0,
                    const FixedWeights& w) {
  __m512i acc[4][3];
  for (auto& a : acc) {
    a[0] = _mm512_set1_epi32(kHalf);
    a[1] = a[2] = _mm512_setzero_si512();
  }
  const int32_t* k = k0;
  for (int64_t g = 0; g < w.groups; ++g, k += 3 * w.stride) {
    const __m512i r0 = _mm512_maskz_loadu_epi8(mask, src[4 * g] + j), r1 = _mm512_maskz_loadu_epi8(mask, src[4 * g + 1] + j);
    const __m512i r2 = _mm512_maskz_loadu_epi8(mask, src[4 * g + 2] + j), r3 = _mm512_maskz_loadu_epi8(mask, src[4 * g + 3] + j);
    const __m512i lo01 = _mm512_unpacklo_epi8(r0, r1), hi01 = _mm512_unpackhi_epi8(r0, r1);
    const __m512i lo23 = _mm512_unpacklo_epi8(r2, r3), hi23 = _mm512_unpackhi_epi8(r2, r3);
    const __m512i px[4] = {_mm512_unpacklo_epi16(lo01, lo23), _mm512_unpackhi_epi16(lo01, lo23),
                           _mm512_unpacklo_epi16(hi01, hi23), _mm512_unpackhi_epi16(hi01, hi23)};
    const __m512i b0 = splat(k), b1 = splat(k + w.stride), b2 = splat(k + 2 * w.stride);
    for (int q = 0; q < 4; ++q) {
      acc[q][0] = _mm512_dpbusd_epi32(acc[q][0], px[q], b0);
      acc[q][1] = _mm512_dpbusd_epi32(acc[q][1], px[q], b1);
      acc[q][2] = _mm512_dpbusd_epi32(acc[q][2], px[q], b2);
    }
  }
  __m512i s[4];
  for (int q = 0; q < 4; ++q) s[q] = combine(acc[q][0], acc[q][1], acc[q][2]);
  const __m512i out = _mm512_packus_epi16(_mm512_packs_epi32(s[0], s[1]), _mm512_packs_epi32(s[2], s[3]));
  _mm512_mask_storeu_epi8(dst + j, mask, out);
}

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  const int32_t* k = w.bytes + output;
  int64_t j = 0;
  for (; j + 64 <= n; j += 64) v_block(src, dst, j, ~__mmask64{0}, k, w);
  if (j < n) v_block(src, dst, j, (__mmask64{1} << (n - j)) - 1, k, w);
}

#elif TWL_ISA == 1

inline __m256i splat(const int32_t* p) { return _mm256_set1_epi32(*p); }

inline __m256i combine(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, 12));
  return _mm256_srai_epi32(sum, 22);
}

inline __m256i load_lanes(const uint8_t* const* row, int64_t offset) {
  const __m128i r0 = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[0] + offset));
  const __m128i r1 = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row[1] + offset));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(r0), r1, 1);
}

// Two rows at once, one in each 128-bit lane; taps 0 and 2, then 1 and 3, as pairs of 16-bit numbers.
template <int C>
inline __m256i h_output(const uint8_t* const* row, int64_t o, const FixedWeights& w, __m256i even, __m256i odd) {
  const int64_t offset = static_cast<int64_t>(w.start[o]) * C;
  const int32_t* k = w.words + o;
  __m256i low = _mm256_set1_epi32(kHalf), high = _mm256_setzero_si256();
  for (int64_t g = 0; g < w.groups; ++g, k += 4 * w.stride) {
    const __m256i v = load_lanes(row, offset + g * 4 * C);
    const __m256i e = _mm256_shuffle_epi8(v, even), d = _mm256_shuffle_epi8(v, odd);
    low = _mm256_add_epi32(low, _mm256_madd_epi16(e, splat(k)));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(d, splat(k + w.stride)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(e, splat(k + 2 * w.stride)));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(d, splat(k + 3 * w.stride)));
  }
  return combine(low, high);
}

template <int C>
void h_rows2(const uint8_t* const* row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights& w) {
  const __m256i even = _mm256_broadcastsi128_si256(
      C == 3 ? _mm_setr_epi8(0, -1, 6, -1, 1, -1, 7, -1, 2, -1, 8, -1, -1, -1, -1, -1)
             : _mm_setr_epi8(0, -1, 8, -1, 1, -1, 9, -1, 2, -1, 10, -1, 3, -1, 11, -1));
  const __m256i odd = _mm256_broadcastsi128_si256(
      C == 3 ? _mm_setr_epi8(3, -1, 9, -1, 4, -1, 10, -1, 5, -1, 11, -1, -1, -1, -1, -1)
             : _mm_setr_epi8(4, -1, 12, -1, 5, -1, 13, -1, 6, -1, 14, -1, 7, -1, 15, -1));
  const __m256i compact =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t o = first + i;
    const __m256i low = _mm256_packs_epi32(h_output<C>(row, o, w, even, odd), h_output<C>(row, o + 1, w, even, odd));
    const __m256i high =
        _mm256_packs_epi32(h_output<C>(row, o + 2, w, even, odd), h_output<C>(row, o + 3, w, even, odd));
    __m256i out = _mm256_packus_epi16(low, high);
    if (C == 3) out = _mm256_shuffle_epi8(out, compact);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[0] + i * C), _mm256_castsi256_si128(out));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst[1] + i * C), _mm256_extracti128_si256(out, 1));
  }
}

template <int C>
void h_rows(const uint8_t* const* row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights& w) {
  h_rows2<C>(row, dst, first, n, w);
  h_rows2<C>(row + 2, dst + 2, first, n, w);
}

void h_gray(const uint8_t* row, uint8_t* dst, int64_t first, int64_t n, const FixedWeights& w) {
  const __m256i byte = _mm256_set1_epi32(0x00ff00ff);
  for (int64_t i = 0; i < n; i += 8) {
    __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w.start + first + i));
    const int32_t* k = w.words + first + i;
    __m256i low = _mm256_set1_epi32(kHalf), high = _mm256_setzero_si256();
    for (int64_t g = 0; g < w.groups; ++g, k += 4 * w.stride) {
      const __m256i v = _mm256_i32gather_epi32(reinterpret_cast<const int*>(row), at, 1);
      const __m256i e = _mm256_and_si256(v, byte), d = _mm256_and_si256(_mm256_srli_epi32(v, 8), byte);
      const auto weight = [&](int q) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(k + q * w.stride));
      };
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

// Words of rows 0 and 2, then of 1 and 3, side by side in each 32-bit word.
inline void v_block(const uint8_t* const* src, uint8_t* dst, int64_t j, const int32_t* k, const FixedWeights& w) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i low[4], high[4];
  for (int q = 0; q < 4; ++q) {
    low[q] = _mm256_set1_epi32(kHalf);
    high[q] = zero;
  }
  for (int64_t g = 0; g < w.groups; ++g, k += 4 * w.stride) {
    for (int pair = 0; pair < 2; ++pair) {
      const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(src[4 * g + pair] + j));
      const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(src[4 * g + pair + 2] + j));
      const __m256i lo = _mm256_unpacklo_epi8(a, b), hi = _mm256_unpackhi_epi8(a, b);
      const __m256i px[4] = {_mm256_unpacklo_epi8(lo, zero), _mm256_unpackhi_epi8(lo, zero),
                             _mm256_unpacklo_epi8(hi, zero), _mm256_unpackhi_epi8(hi, zero)};
      const __m256i w0 = splat(k + pair * w.stride), w1 = splat(k + (pair + 2) * w.stride);
      for (int q = 0; q < 4; ++q) {
        low[q] = _mm256_add_epi32(low[q], _mm256_madd_epi16(px[q], w0));
        high[q] = _mm256_add_epi32(high[q], _mm256_madd_epi16(px[q], w1));
      }
    }
  }
  // unpack by bytes, twice, leaves pixels 0-3, 4-7, 8-11, 12-15 of each lane: packing restores their order.
  const __m256i s01 = _mm256_packs_epi32(combine(low[0], high[0]), combine(low[1], high[1]));
  const __m256i s23 = _mm256_packs_epi32(combine(low[2], high[2]), combine(low[3], high[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + j), _mm256_packus_epi16(s01, s23));
}

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  if (n < 32) return v_scalar(src, dst, 0, n, output, w);
  const int32_t* k = w.words + output;
  for (int64_t j = 0; j + 32 <= n; j += 32) v_block(src, dst, j, k, w);
  if (n % 32 != 0) v_block(src, dst, n - 32, k, w);
}

#else

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  v_scalar(src, dst, 0, n, output, w);
}

#endif

void resample_h_u8(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t channels, int64_t first,
                   int64_t n, const FixedWeights& w) {
#if TWL_ISA > 0
  if (channels == 3 || channels == 4) {
    for (int64_t r = 0; r < rows; r += 4) {
      const uint8_t* row[4];
      uint8_t* out[4];
      for (int64_t k = 0; k < 4; ++k) {
        const int64_t at = r + k < rows ? r + k : rows - 1;
        row[k] = src[at];
        out[k] = dst[at];
      }
      channels == 3 ? h_rows<3>(row, out, first, n, w) : h_rows<4>(row, out, first, n, w);
    }
    return;
  }
  if (channels == 1) {
    for (int64_t r = 0; r < rows; ++r) h_gray(src[r], dst[r], first, n, w);
    return;
  }
#endif
  for (int64_t r = 0; r < rows; ++r) h_scalar(src[r], dst[r], channels, first, n, w);
}
