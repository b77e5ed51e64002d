// Pillow's 8-bit resampling with AVX-512 VNNI; see resample_u8.inl.cpp.

// acc = b0 + 2^8 b1 + 2^16 b2, then the common tail of both passes.
inline __m512i combine(__m512i a0, __m512i a1, __m512i a2) {
  const __m512i sum = _mm512_add_epi32(a0, _mm512_add_epi32(_mm512_slli_epi32(a1, 8), _mm512_slli_epi32(a2, 16)));
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
template <int P>
inline __m512i h_output(const Rows& row, int64_t o, const FixedWeights& w, __m512i gather_taps) {
  const int64_t offset = static_cast<int64_t>(w.start[o]) * P;
  const int32_t* k = w.bytes + o;
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

template <int C, int P>
void h_rows(const uint8_t* const* src, uint8_t* const* dst, int64_t first, int64_t n, const FixedWeights w) {
  const Rows row{src[0], src[1], src[2], src[3]};
  const __m512i taps =
      _mm512_broadcast_i32x4(P == 3 ? _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1)
                                    : _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i compact = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  uint8_t *da = dst[0], *db = dst[1], *dc = dst[2], *dd = dst[3];
  const uintptr_t below = rows_on(row.a, row.b, 4);
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t o = first + i;
    const uintptr_t ahead = below + static_cast<uintptr_t>(w.start[o]) * P;
    prefetch(row.a, ahead);
    prefetch(row.b, ahead);
    prefetch(row.c, ahead);
    prefetch(row.d, ahead);
    const __m512i p0 = h_output<P>(row, o, w, taps), p1 = h_output<P>(row, o + 1, w, taps);
    const __m512i p2 = h_output<P>(row, o + 2, w, taps), p3 = h_output<P>(row, o + 3, w, taps);
    __m512i out = _mm512_packus_epi16(_mm512_packs_epi32(p0, p1), _mm512_packs_epi32(p2, p3));
    if (C == 3) out = _mm512_shuffle_epi8(out, compact);
    store16(da + i * C, _mm512_castsi512_si128(out));
    store16(db + i * C, _mm512_extracti32x4_epi32(out, 1));
    store16(dc + i * C, _mm512_extracti32x4_epi32(out, 2));
    store16(dd + i * C, _mm512_extracti32x4_epi32(out, 3));
  }
}

#include "resample_spread.inl.cpp"

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

// 64 bytes at j, from G groups of rows, or with G = 0 from as many as there are. With Part, only those that the mask
// names are read and written.
template <int G, bool Part>
inline __attribute__((always_inline)) void v_block(const uint8_t* const* src, uint8_t* dst, int64_t j, __mmask64 mask,
                                                   const __m512i (&weights)[G > 0 ? G : 1][3], const int32_t* k,
                                                   int64_t groups, int64_t stride) {
  __m512i v0, v1, v2, v3;
  if constexpr (G > 0) {
    __m512i q0[G], q1[G], q2[G], q3[G];
    for (int g = 0; g < G; ++g) {
      const Transposed px = four_rows<Part>(src + 4 * g, j, mask);
      q0[g] = px.q0, q1[g] = px.q1, q2[g] = px.q2, q3[g] = px.q3;
    }
    v0 = by_digits<G>(q0, weights);
    v1 = by_digits<G>(q1, weights);
    v2 = by_digits<G>(q2, weights);
    v3 = by_digits<G>(q3, weights);
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
  const __m512i out = pack_bytes(v0, v1, v2, v3);
  if (Part) {
    _mm512_mask_storeu_epi8(dst + j, mask, out);
  } else {
    _mm512_storeu_si512(dst + j, out);
  }
}

template <int G>
void v_row(const uint8_t* const* src, uint8_t* dst, int64_t n, const int32_t* k, int64_t groups, int64_t stride) {
  constexpr int held = G > 0 ? G : 1;
  const uint8_t* near[4 * held];  // not to be read again after every store
  __m512i weights[held][3];
  for (int g = 0; g < G; ++g) {
    for (int t = 0; t < 4; ++t) near[4 * g + t] = src[4 * g + t];
    for (int digit = 0; digit < 3; ++digit) weights[g][digit] = splat(k + (3 * g + digit) * stride);
  }
  const uint8_t* const* rows = G > 0 ? near : src;
  int64_t j = 0;
  for (; j + 64 <= n; j += 64) v_block<G, false>(rows, dst, j, 0, weights, k, groups, stride);
  if (j < n) v_block<G, true>(rows, dst, j, (__mmask64{1} << (n - j)) - 1, weights, k, groups, stride);
}

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  const auto run = w.groups == 1 ? v_row<1> : w.groups == 2 ? v_row<2> : w.groups == 3 ? v_row<3> : v_row<0>;
  run(src, dst, n, w.bytes + output, w.groups, w.stride);
}
