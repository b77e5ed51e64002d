// Pillow's 8-bit resampling: out = clip((2^21 + sum k * px) >> 22) with 22-bit weights k (Pillow,
// src/libImaging/Resample.c). The SIMD forms split k so that the products fit narrower multipliers; the sum modulo 2^32
// is the same.

constexpr int32_t kHalf = 1 << 21;

inline uint8_t clip8(int32_t sum) {
  const int32_t v = sum >> 22;
  return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
}

void h_scalar(const uint8_t* src, uint8_t* dst, int64_t channels, int64_t pixel, int64_t first, int64_t n,
              const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  for (int64_t i = 0; i < n; ++i) {
    const int32_t* k = w.k + first + i;
    const uint8_t* p = src + w.start[first + i] * pixel;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = kHalf;
      for (int64_t t = 0; t < taps; ++t) sum += k[t * w.stride] * p[t * pixel + c];
      dst[i * channels + c] = clip8(sum);
    }
  }
}

#if TWL_ISA < 2
void v_scalar(const uint8_t* const* src, uint8_t* dst, int64_t begin, int64_t end, int64_t output,
              const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  const int32_t* k = w.k + output;
  for (int64_t j = begin; j < end; ++j) {
    int32_t sum = kHalf;
    for (int64_t t = 0; t < taps; ++t) sum += k[t * w.stride] * src[t][j];
    dst[j] = clip8(sum);
  }
}
#endif

#if TWL_ISA > 0
// How far below the first row its fourth next lies, if rows lie evenly: the walk down the image gets there a group of
// rows later, and processors prefetch no further than a page. Addresses are numbers here, for they may name no memory.
inline uintptr_t four_rows_on(const uint8_t* a, const uint8_t* b) {
  return 4 * (reinterpret_cast<uintptr_t>(b) - reinterpret_cast<uintptr_t>(a));
}

inline void prefetch(const uint8_t* row, uintptr_t offset) {
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(row) + offset), _MM_HINT_T0);
}
#endif

#if TWL_ISA == 2

// acc = b0 + 2^8 b1 + 2^16 b2, then the common tail of both passes.
inline __m512i combine(__m512i a0, __m512i a1, __m512i a2) {
  const __m512i sum = _mm512_add_epi32(a0, _mm512_add_epi32(_mm512_slli_epi32(a1, 8), _mm512_slli_epi32(a2, 16)));
  return _mm512_srai_epi32(sum, 22);
}

// The same for one group of taps, by Horner's rule: 2^21 is 32 * 2^16.
inline __m512i horner(__m512i px, __m512i k0, __m512i k1, __m512i k2) {
  __m512i sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(kHalf >> 16), px, k2);
  sum = _mm512_dpbusd_epi32(_mm512_slli_epi32(sum, 8), px, k1);
  sum = _mm512_dpbusd_epi32(_mm512_slli_epi32(sum, 8), px, k0);
  return _mm512_srai_epi32(sum, 22);
}

inline __m512i splat(const int32_t* p) { return _mm512_set1_epi32(*p); }

// Four rows in registers: stores to uint8_t could alias the array of pointers.
struct Rows {
  const uint8_t *a, *b, *c, *d;
};

inline __m128i load16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

inline __m512i load_lanes(const Rows& row, int64_t offset) {
  const __m256i ab = _mm256_inserti128_si256(_mm256_castsi128_si256(load16(row.a + offset)), load16(row.b + offset), 1);
  const __m256i cd = _mm256_inserti128_si256(_mm256_castsi128_si256(load16(row.c + offset)), load16(row.d + offset), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(ab), cd, 1);
}

// C channels, pixels P bytes apart. Four rows at once, one in each 128-bit lane:  r g b r g b r g b r g b ....  -> rrrr
// gggg bbbb ....
template <int C, int P, bool OneGroup>
inline __m512i h_output(const Rows& row, int64_t o, const FixedWeights& w, __m512i gather_taps) {
  const int64_t offset = static_cast<int64_t>(w.start[o]) * P;
  const int32_t* k = w.bytes + o;
  if (OneGroup) {
    const __m512i px = _mm512_shuffle_epi8(load_lanes(row, offset), gather_taps);
    return horner(px, splat(k), splat(k + w.stride), splat(k + 2 * w.stride));
  }
  __m512i a0 = _mm512_set1_epi32(kHalf), a1 = _mm512_setzero_si512(), a2 = a1;
  for (int64_t g = 0; g < w.groups; ++g, k += 3 * w.stride) {
    const __m512i px = _mm512_shuffle_epi8(load_lanes(row, offset + g * 4 * P), gather_taps);
    a0 = _mm512_dpbusd_epi32(a0, px, splat(k));
    a1 = _mm512_dpbusd_epi32(a1, px, splat(k + w.stride));
    a2 = _mm512_dpbusd_epi32(a2, px, splat(k + 2 * w.stride));
  }
  return combine(a0, a1, a2);
}

inline void store16(uint8_t* p, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }

template <int C, int P, bool OneGroup>
void h_rows_of(const Rows row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights w) {
  const __m512i taps =
      _mm512_broadcast_i32x4(P == 3 ? _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1)
                                    : _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i compact = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  uint8_t *da = dst[0], *db = dst[1], *dc = dst[2], *dd = dst[3];
  const uintptr_t below = four_rows_on(row.a, row.b);
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t o = first + i;
    const uintptr_t ahead = below + static_cast<uintptr_t>(w.start[o]) * P;
    prefetch(row.a, ahead);
    prefetch(row.b, ahead);
    prefetch(row.c, ahead);
    prefetch(row.d, ahead);
    const __m512i p0 = h_output<C, P, OneGroup>(row, o, w, taps), p1 = h_output<C, P, OneGroup>(row, o + 1, w, taps);
    const __m512i p2 = h_output<C, P, OneGroup>(row, o + 2, w, taps),
                  p3 = h_output<C, P, OneGroup>(row, o + 3, w, taps);
    __m512i out = _mm512_packus_epi16(_mm512_packs_epi32(p0, p1), _mm512_packs_epi32(p2, p3));
    if (C == 3) out = _mm512_shuffle_epi8(out, compact);
    store16(da + i * C, _mm512_castsi512_si128(out));
    store16(db + i * C, _mm512_extracti32x4_epi32(out, 1));
    store16(dc + i * C, _mm512_extracti32x4_epi32(out, 2));
    store16(dd + i * C, _mm512_extracti32x4_epi32(out, 3));
  }
}

template <int C, int P>
void h_rows(const uint8_t* const* row, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights& w) {
  const Rows rows{row[0], row[1], row[2], row[3]};
  w.groups == 1 ? h_rows_of<C, P, true>(rows, dst, first, n, w) : h_rows_of<C, P, false>(rows, dst, first, n, w);
}

// One channel: sixteen outputs at once, four taps of each fetched by one 32-bit gather.
void h_gray(const uint8_t* row, uint8_t* dst, int64_t first, int64_t n, const FixedWeights w) {
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
struct Quad {
  __m512i b0, b1, b2;  // sums of the three weight bytes
};

inline void add_taps(Quad& s, __m512i px, __m512i k0, __m512i k1, __m512i k2) {
  s.b0 = _mm512_dpbusd_epi32(s.b0, px, k0);
  s.b1 = _mm512_dpbusd_epi32(s.b1, px, k1);
  s.b2 = _mm512_dpbusd_epi32(s.b2, px, k2);
}

inline __m512i finish(const Quad& s) { return combine(s.b0, s.b1, s.b2); }

// Four rows of 64 bytes, transposed: byte t of each 32-bit word comes from row t.
struct Transposed {
  __m512i q0, q1, q2, q3;
};

template <bool Part>
inline __attribute__((always_inline)) Transposed four_rows(const uint8_t* const* src, int64_t j, __mmask64 mask) {
  const auto load = [&](int64_t t) {
    return Part ? _mm512_maskz_loadu_epi8(mask, src[t] + j) : _mm512_loadu_si512(src[t] + j);
  };
  const __m512i r0 = load(0), r1 = load(1), r2 = load(2), r3 = load(3);
  const __m512i lo01 = _mm512_unpacklo_epi8(r0, r1), hi01 = _mm512_unpackhi_epi8(r0, r1);
  const __m512i lo23 = _mm512_unpacklo_epi8(r2, r3), hi23 = _mm512_unpackhi_epi8(r2, r3);
  return {_mm512_unpacklo_epi16(lo01, lo23), _mm512_unpackhi_epi16(lo01, lo23), _mm512_unpacklo_epi16(hi01, hi23),
          _mm512_unpackhi_epi16(hi01, hi23)};
}

// 64 bytes at j. With Part, only those that the mask names are read and written.
template <bool OneGroup, bool Part>
inline __attribute__((always_inline)) void v_block(const uint8_t* const* src, uint8_t* dst, int64_t j, __mmask64 mask,
                                                   const int32_t* k, int64_t groups, int64_t stride) {
  __m512i v0, v1, v2, v3;
  if (OneGroup) {
    const Transposed px = four_rows<Part>(src, j, mask);
    const __m512i k0 = splat(k), k1 = splat(k + stride), k2 = splat(k + 2 * stride);
    v0 = horner(px.q0, k0, k1, k2);
    v1 = horner(px.q1, k0, k1, k2);
    v2 = horner(px.q2, k0, k1, k2);
    v3 = horner(px.q3, k0, k1, k2);
  } else {
    const __m512i zero = _mm512_setzero_si512(), half = _mm512_set1_epi32(kHalf);
    Quad q0{half, zero, zero}, q1 = q0, q2 = q0, q3 = q0;
    for (int64_t g = 0; g < groups; ++g, k += 3 * stride) {
      const Transposed px = four_rows<Part>(src + 4 * g, j, mask);
      const __m512i k0 = splat(k), k1 = splat(k + stride), k2 = splat(k + 2 * stride);
      add_taps(q0, px.q0, k0, k1, k2);
      add_taps(q1, px.q1, k0, k1, k2);
      add_taps(q2, px.q2, k0, k1, k2);
      add_taps(q3, px.q3, k0, k1, k2);
    }
    v0 = finish(q0);
    v1 = finish(q1);
    v2 = finish(q2);
    v3 = finish(q3);
  }
  const __m512i out = _mm512_packus_epi16(_mm512_packs_epi32(v0, v1), _mm512_packs_epi32(v2, v3));
  if (Part) {
    _mm512_mask_storeu_epi8(dst + j, mask, out);
  } else {
    _mm512_storeu_si512(dst + j, out);
  }
}

template <bool OneGroup>
void v_row(const uint8_t* const* src, uint8_t* dst, int64_t n, const int32_t* k, int64_t groups, int64_t stride) {
  const uint8_t* near[4] = {src[0], src[1], src[2], src[3]};  // not to be read again after every store
  const uint8_t* const* rows = OneGroup ? near : src;
  int64_t j = 0;
  for (; j + 64 <= n; j += 64) v_block<OneGroup, false>(rows, dst, j, 0, k, groups, stride);
  if (j < n) v_block<OneGroup, true>(rows, dst, j, (__mmask64{1} << (n - j)) - 1, k, groups, stride);
}

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  const int32_t* k = w.bytes + output;
  w.groups == 1 ? v_row<true>(src, dst, n, k, 1, w.stride) : v_row<false>(src, dst, n, k, w.groups, w.stride);
}

#elif TWL_ISA == 1

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
  const uintptr_t below = four_rows_on(a, b);
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

#else

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  v_scalar(src, dst, 0, n, output, w);
}

#endif

void resample_h_u8(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t channels, int64_t pixel,
                   int64_t first, int64_t n, const FixedWeights& w) {
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
      (channels == 4 ? h_rows<4, 4> : pixel == 4 ? h_rows<3, 4> : h_rows<3, 3>)(row, out, first, n, w);
    }
    return;
  }
  if (channels == 1) {
    for (int64_t r = 0; r < rows; ++r) h_gray(src[r], dst[r], first, n, w);
    return;
  }
#endif
  for (int64_t r = 0; r < rows; ++r) h_scalar(src[r], dst[r], channels, pixel, first, n, w);
}
