// ((x / max) - mean) / std in float32, each operation rounded (NumPy, torch and torchvision on CPU), to float32, or
// rounded once more to float16 or bfloat16. A division by a constant c is taken as fma(x, hi, x * lo) with hi + lo =
// 1/c to 48 bits, where the spec has proved that on all 256 inputs (after Markstein); elsewhere it is a division or a
// table.

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

template <typename Out>
inline Out narrow(float v);

template <>
inline float narrow<float>(float v) {
  return v;
}

inline uint32_t bits_of(float v) {
  uint32_t b;
  __builtin_memcpy(&b, &v, 4);
  return b;
}

template <>
inline Brain narrow<Brain>(float v) {
  const uint32_t b = bits_of(v);
  if ((b & 0x7fffffffU) > 0x7f800000U) return Brain{0x7fc0};
  return Brain{static_cast<uint16_t>((b + 0x7fffU + ((b >> 16) & 1U)) >> 16)};
}

// IEEE binary32 to binary16, round half to even.
template <>
inline Half narrow<Half>(float v) {
  const uint32_t b = bits_of(v), sign = (b >> 16) & 0x8000U, magnitude = b & 0x7fffffffU;
  uint32_t h;
  if (magnitude > 0x7f800000U) {
    h = 0x7e00U;
  } else if (magnitude >= 0x477ff000U) {  // 65520 and above round to infinity
    h = 0x7c00U;
  } else if (magnitude < 0x33000001U) {  // 2^-25 and below round to zero
    h = 0;
  } else {
    const uint32_t exponent = magnitude >> 23;
    const uint32_t shift = exponent < 113 ? 126 - exponent : 13;  // 113 = 127 - 14: subnormal below
    const uint32_t significand = exponent < 113 ? (magnitude & 0x7fffffU) | 0x800000U : magnitude - (112U << 23);
    h = significand >> shift;
    const uint32_t rest = significand & ((1U << shift) - 1), half = 1U << (shift - 1);
    h += (rest > half || (rest == half && (h & 1U) != 0)) ? 1 : 0;
  }
  return Half{static_cast<uint16_t>(sign | h)};
}

template <typename T, typename Out>
void normalize_any(const View& src, const View& dst, const NormalizeSpec& spec) {
  const bool tabled = sizeof(T) == 1;
  for (int64_t c = 0; c < src.c; ++c) {
    const NormalizeChannel& ch = spec.channel[c];
    for (int64_t y = 0; y < src.h; ++y) {
      const uint8_t* p = src.data + y * src.sy + c * src.sc;
      uint8_t* q = dst.data + y * dst.sy + c * dst.sc;
      for (int64_t x = 0; x < src.w; ++x) {
        T in;
        __builtin_memcpy(&in, p + x * src.sx, sizeof(T));
        float v = tabled ? ch.table[static_cast<uint8_t>(in)] : static_cast<float>(in) / spec.max;
        if (!tabled && spec.affine) v = (v - ch.mean) / ch.std;
        const Out out = narrow<Out>(v);
        __builtin_memcpy(q + x * dst.sx, &out, sizeof(Out));
      }
    }
  }
}

#if TWL_ISA > 0

#if TWL_ISA == 2
constexpr int64_t kLanes = 16;
using Floats = __m512;
inline Floats to_floats(__m512i v) { return _mm512_cvtepi32_ps(v); }
inline Floats broadcast(float v) { return _mm512_set1_ps(v); }
inline Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
inline Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline __m512i widen(const uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// Twelve bytes, four pixels of three channels, to each 128-bit lane.
inline __m512i load_pixels(const uint8_t* p) {
  __m512i v = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 12)), 1);
  v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 24)), 2);
  return _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 36)), 3);
}
inline __m512i pick(__m512i v, __m128i lane) { return _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(lane)); }
inline void put(float* p, Floats v) { _mm512_storeu_ps(p, v); }
inline void put(Half* p, Floats v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
inline void put(Brain* p, Floats v) {  // finite by construction: a table of 256 finite values
  const __m512i b = _mm512_castps_si512(v);
  const __m512i even = _mm512_and_si512(_mm512_srli_epi32(b, 16), _mm512_set1_epi32(1));
  const __m512i r = _mm512_add_epi32(b, _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(_mm512_srli_epi32(r, 16)));
}
#else
constexpr int64_t kLanes = 8;
using Floats = __m256;
inline Floats to_floats(__m256i v) { return _mm256_cvtepi32_ps(v); }
inline Floats broadcast(float v) { return _mm256_set1_ps(v); }
inline Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
inline Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
inline Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline __m256i widen(const uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i load_pixels(const uint8_t* p) {
  const __m256i v = _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  return _mm256_inserti128_si256(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 12)), 1);
}
inline __m256i pick(__m256i v, __m128i lane) { return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(lane)); }
inline void put(float* p, Floats v) { _mm256_storeu_ps(p, v); }
inline void put(Half* p, Floats v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
inline void put(Brain* p, Floats v) {
  const __m256i b = _mm256_castps_si256(v);
  const __m256i even = _mm256_and_si256(_mm256_srli_epi32(b, 16), _mm256_set1_epi32(1));
  const __m256i r = _mm256_srli_epi32(_mm256_add_epi32(b, _mm256_add_epi32(even, _mm256_set1_epi32(0x7fff))), 16);
  const __m256i packed = _mm256_packus_epi32(r, r);
  const __m256i ordered = _mm256_permute4x64_epi64(packed, 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(ordered));
}
#endif

struct Affine {
  Floats inv_max_hi, inv_max_lo, mean, inv_std_hi, inv_std_lo;
  bool on;
  Affine(const NormalizeChannel& c, bool affine)
      : inv_max_hi(broadcast(c.inv_max_hi)),
        inv_max_lo(broadcast(c.inv_max_lo)),
        mean(broadcast(c.mean)),
        inv_std_hi(broadcast(c.inv_std_hi)),
        inv_std_lo(broadcast(c.inv_std_lo)),
        on(affine) {}
  Floats operator()(Floats x) const {
    const Floats v = fma(x, inv_max_hi, mul(x, inv_max_lo));
    if (!on) return v;
    const Floats d = sub(v, mean);
    return fma(d, inv_std_hi, mul(d, inv_std_lo));
  }
};

template <typename Out>
void run_plane(const uint8_t* src, Out* dst, int64_t n, const NormalizeSpec& spec, const NormalizeChannel& ch) {
  const Affine f(ch, spec.affine);
  int64_t x = 0;
  for (; x + kLanes <= n; x += kLanes) put(dst + x, f(to_floats(widen(src + x))));
  for (; x < n; ++x) dst[x] = narrow<Out>(ch.table[src[x]]);
}

template <typename Out>
void run_rgb_to_planes(const uint8_t* src, Out* const* dst, int64_t n, const NormalizeSpec& spec) {
  const Affine r(spec.channel[0], spec.affine), g(spec.channel[1], spec.affine), b(spec.channel[2], spec.affine);
  const __m128i pick_r = _mm_setr_epi8(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1);
  const __m128i pick_g = _mm_setr_epi8(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1);
  const __m128i pick_b = _mm_setr_epi8(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1);
  int64_t x = 0;
  const int64_t ahead = spec.slack ? 0 : 2;  // the last 16-byte load reads 4 bytes, two pixels, further
  for (; x + kLanes + ahead <= n; x += kLanes) {
    const auto px = load_pixels(src + 3 * x);
    put(dst[0] + x, r(to_floats(pick(px, pick_r))));
    put(dst[1] + x, g(to_floats(pick(px, pick_g))));
    put(dst[2] + x, b(to_floats(pick(px, pick_b))));
  }
  for (; x < n; ++x)
    for (int64_t c = 0; c < 3; ++c) dst[c][x] = narrow<Out>(spec.channel[c].table[src[3 * x + c]]);
}

// uint8 by rows, or as one row where both sides are without gaps. False: not a layout that this handles.
template <typename Out>
bool normalize_u8(const View& src, const View& dst, const NormalizeSpec& spec) {
  const int64_t item = static_cast<int64_t>(sizeof(Out));
  if (!spec.fma_is_exact || dst.sx != item) return false;
  const bool one_row = src.sy == src.sx * src.w && dst.sy == dst.sx * dst.w;
  const int64_t rows = one_row ? 1 : src.h, n = one_row ? src.h * src.w : src.w;
  if (src.sx == 1) {
    for (int64_t c = 0; c < src.c; ++c)
      for (int64_t y = 0; y < rows; ++y)
        run_plane(src.data + c * src.sc + y * src.sy, reinterpret_cast<Out*>(dst.data + c * dst.sc + y * dst.sy), n,
                  spec, spec.channel[c]);
    return true;
  }
  if (src.c != 3 || src.sx != 3 || src.sc != 1) return false;
  for (int64_t y = 0; y < rows; ++y) {
    Out* planes[3];
    for (int64_t c = 0; c < 3; ++c) planes[c] = reinterpret_cast<Out*>(dst.data + c * dst.sc + y * dst.sy);
    run_rgb_to_planes(src.data + y * src.sy, planes, n, spec);
  }
  return true;
}

#else

template <typename Out>
bool normalize_u8(const View&, const View&, const NormalizeSpec&) {
  return false;
}

#endif

template <typename Out>
void normalize_to(const View& src, const View& dst, const NormalizeSpec& spec) {
  if (src.dtype == DType::u8) {
    if (!normalize_u8<Out>(src, dst, spec)) normalize_any<uint8_t, Out>(src, dst, spec);
  } else if (src.dtype == DType::u16) {
    normalize_any<uint16_t, Out>(src, dst, spec);
  } else {
    normalize_any<float, Out>(src, dst, spec);
  }
}

void normalize(const View& src, const View& dst, const NormalizeSpec& spec) {
  if (dst.dtype == DType::f32) {
    normalize_to<float>(src, dst, spec);
  } else if (dst.dtype == DType::f16) {
    normalize_to<Half>(src, dst, spec);
  } else {
    normalize_to<Brain>(src, dst, spec);
  }
}
