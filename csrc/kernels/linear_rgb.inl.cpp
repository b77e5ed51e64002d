// OpenCV's bilinear blend of interleaved 8-bit RGB, several results at a time: a register a channel. Eight bytes are
// read where two pixels lie side by side.
#if TWL_ISA > 0
// The eight bytes from p + start[0] on, and those from p + start[1] on.
inline __m128i two_places(const uint8_t* p, const int32_t* start) {
  const __m128 first = _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + start[0])));
  return _mm_castps_si128(_mm_loadh_pi(first, reinterpret_cast<const __m64*>(p + start[1])));
}
#endif

#if TWL_ISA == 2
constexpr int64_t kTogether = 16;
using Floats = __m512;

// The lower and the upper four bytes of every place.
struct Places {
  __m512i lower, upper;

  Places(__m512i first, __m512i second) {
    const __m512i lanes = _mm512_load_si512(kLanes), even = _mm512_add_epi32(lanes, lanes);
    lower = _mm512_permutex2var_epi32(first, even, second);
    upper = _mm512_permutex2var_epi32(first, _mm512_add_epi32(even, _mm512_set1_epi32(1)), second);
  }
};

// Eight places of two rows, of which a start is looked up once.
struct Eight {
  __m512i top, bottom;

  Eight(const uint8_t* p, const uint8_t* q, const int32_t* start) {
    __m128i above[4], below[4];
    for (int64_t i = 0; i < 4; ++i) {
      above[i] = two_places(p, start + 2 * i);
      below[i] = two_places(q, start + 2 * i);
    }
    top = together(above);
    bottom = together(below);
  }
  static __m512i together(const __m128i* v) {
    const __m256i first = _mm256_inserti128_si256(_mm256_castsi128_si256(v[0]), v[1], 1);
    const __m256i second = _mm256_inserti128_si256(_mm256_castsi128_si256(v[2]), v[3], 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  }
};

struct BothRows {
  Places top, bottom;
  BothRows(const Eight& first, const Eight& second) : top(first.top, second.top), bottom(first.bottom, second.bottom) {}
  BothRows(const uint8_t* p, const uint8_t* q, const int32_t* start)
      : BothRows(Eight(p, q, start), Eight(p, q, start + 8)) {}
};

template <int At>
inline __m512 byte_of(__m512i v) {
  if constexpr (At == 0) return _mm512_cvtepi32_ps(_mm512_and_si512(v, _mm512_set1_epi32(255)));
  if constexpr (At == 3) return _mm512_cvtepi32_ps(_mm512_srli_epi32(v, 24));
  constexpr int32_t none = static_cast<int32_t>(0x80808000U);
  const __m128i only = _mm_setr_epi32(none + At, none + At + 4, none + At + 8, none + At + 12);
  return _mm512_cvtepi32_ps(_mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(only)));
}

inline bool all_inner(const Place* p) {
  const __m512i v = _mm512_load_si512(p);
  return _mm512_test_epi32_mask(v, v) == 0;
}

inline bool all_beyond(const Place* p) {
  return _mm512_cmpeq_epi32_mask(_mm512_load_si512(p), _mm512_set1_epi32(kBeyond)) == 0xffff;
}

inline __m512 load_floats(const float* p) { return _mm512_load_ps(p); }

inline __m512 mixed(__m512 t, __m512 from, __m512 to) { return _mm512_fmadd_ps(t, _mm512_sub_ps(to, from), from); }

inline void put_together(__m512 r, __m512 g, __m512 b, uint8_t* d) {
  const __m512i green = _mm512_slli_epi32(_mm512_cvtps_epi32(g), 8),
                blue = _mm512_slli_epi32(_mm512_cvtps_epi32(b), 16);
  const __m512i px = _mm512_or_si512(_mm512_or_si512(_mm512_cvtps_epi32(r), green), blue);
  const __m512i bytes = _mm512_broadcast_i32x4(load_16(kThreeOfFour));
  const __m512i dense = _mm512_permutexvar_epi32(_mm512_load_si512(kTwelveOfSixteen), _mm512_shuffle_epi8(px, bytes));
  _mm512_mask_storeu_epi32(d, 0x0fff, dense);
}
#elif TWL_ISA == 1
constexpr int64_t kTogether = 8;
using Floats = __m256;

struct Places {
  __m256i lower, upper;

  // Places 0, 1, 4, 5 and 2, 3, 6, 7.
  Places(__m256 first, __m256 second)
      : lower(_mm256_castps_si256(_mm256_shuffle_ps(first, second, 0x88))),
        upper(_mm256_castps_si256(_mm256_shuffle_ps(first, second, 0xdd))) {}
};

// Places i, i + 1 in the lower lane, i + 4 and i + 5 in the upper.
inline __m256 four_places(const uint8_t* p, const int32_t* start) {
  return _mm256_castsi256_ps(
      _mm256_inserti128_si256(_mm256_castsi128_si256(two_places(p, start)), two_places(p, start + 4), 1));
}

struct BothRows {
  Places top, bottom;
  BothRows(const uint8_t* p, const uint8_t* q, const int32_t* start)
      : top(four_places(p, start), four_places(p, start + 2)),
        bottom(four_places(q, start), four_places(q, start + 2)) {}
};

template <int At>
inline __m256 byte_of(__m256i v) {
  const __m256i moved = At > 0 ? _mm256_srli_epi32(v, 8 * At) : v;
  return _mm256_cvtepi32_ps(At < 3 ? _mm256_and_si256(moved, _mm256_set1_epi32(255)) : moved);
}

inline bool all_inner(const Place* p) {
  const __m256i v = _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  return _mm256_testz_si256(v, v) != 0;
}

inline bool all_beyond(const Place* p) {
  const __m256i v = _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(v, _mm256_set1_epi32(kBeyond))) == -1;
}

inline __m256 load_floats(const float* p) { return _mm256_load_ps(p); }

inline __m256 mixed(__m256 t, __m256 from, __m256 to) { return _mm256_fmadd_ps(t, _mm256_sub_ps(to, from), from); }

inline void put_together(__m256 r, __m256 g, __m256 b, uint8_t* d) {
  const __m256i green = _mm256_slli_epi32(_mm256_cvtps_epi32(g), 8),
                blue = _mm256_slli_epi32(_mm256_cvtps_epi32(b), 16);
  const __m256i px = _mm256_or_si256(_mm256_or_si256(_mm256_cvtps_epi32(r), green), blue);
  const __m128i bytes = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const __m128i upper = _mm_shuffle_epi8(_mm256_extracti128_si256(px, 1), bytes);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(d), _mm_shuffle_epi8(_mm256_castsi256_si128(px), bytes));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(d + 12), upper);
  const int32_t rest = _mm_extract_epi32(upper, 2);
  __builtin_memcpy(d + 20, &rest, sizeof rest);
}
#endif

#if TWL_ISA > 0
// linear_rgb of kTogether results. p, q: the rows above and below.
inline void linear_rgb_together(const uint8_t* p, const uint8_t* q, const int32_t* start, const float* a,
                                const float* b, uint8_t* d) {
  const BothRows rows(p, q, start);
  const Places &top = rows.top, &bottom = rows.bottom;
  const Floats across = load_floats(a), down = load_floats(b);
  const Floats r = mixed(down, mixed(across, byte_of<0>(top.lower), byte_of<3>(top.lower)),
                         mixed(across, byte_of<0>(bottom.lower), byte_of<3>(bottom.lower)));
  const Floats g = mixed(down, mixed(across, byte_of<1>(top.lower), byte_of<0>(top.upper)),
                         mixed(across, byte_of<1>(bottom.lower), byte_of<0>(bottom.upper)));
  const Floats blue = mixed(down, mixed(across, byte_of<2>(top.lower), byte_of<1>(top.upper)),
                            mixed(across, byte_of<2>(bottom.lower), byte_of<1>(bottom.upper)));
  put_together(r, g, blue, d);
}
#endif
