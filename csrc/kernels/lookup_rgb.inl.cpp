// Interleaved 8-bit RGB between four or sixteen pixels: one result at a time, its channels in the lanes of a register.
// Four bytes are read of every pixel and three are used, so that column + 2, or + 3, must be inside.
#if TWL_ISA > 0
// Where a result comes from: nothing but pixels, pixels and the border, nothing but the fill.
using Place = int32_t;
constexpr Place kInner = 0, kBorder = 1, kBeyond = 2;

inline __m128i four_bytes(const uint8_t* p) {
  int32_t bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
}

// The first three lanes, cut off at 0 and 255; `more`: the byte behind may be written too.
inline void put_rgb(__m128i v, bool more, uint8_t* d) {
  const __m128i words = _mm_packus_epi32(v, v);
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  if (more)
    __builtin_memcpy(d, &bytes, 4);
  else
    __builtin_memcpy(d, &bytes, 3);
}

// OpenCV's float32. From the second column and row on a and b are multiples of 2^-23; then the float64 sums, which
// other pixels take, are exact, and a fused multiply-add rounds as they do.
inline __m128i linear_rgb(const uint8_t* p, const uint8_t* q, float a, float b) {
  const __m128 p0 = _mm_cvtepi32_ps(four_bytes(p)), p1 = _mm_cvtepi32_ps(four_bytes(p + 3));
  const __m128 q0 = _mm_cvtepi32_ps(four_bytes(q)), q1 = _mm_cvtepi32_ps(four_bytes(q + 3));
  const __m128 across = _mm_set1_ps(a), down = _mm_set1_ps(b);
  const __m128 top = _mm_fmadd_ps(across, _mm_sub_ps(p1, p0), p0);
  const __m128 bottom = _mm_fmadd_ps(across, _mm_sub_ps(q1, q0), q0);
  return _mm_cvtps_epi32(_mm_fmadd_ps(down, _mm_sub_ps(bottom, top), top));
}

// Pillow's float64, no operation fused: v + (w - v) * t.
inline __m256d mixed(__m256d v, __m256d w, __m256d t) {
  return _mm256_add_pd(v, _mm256_mul_pd(_mm256_sub_pd(w, v), t));
}

inline __m128i bilinear_rgb(const uint8_t* p, const uint8_t* q, double dx, double dy) {
  const auto at = [](const uint8_t* v) { return _mm256_cvtepi32_pd(four_bytes(v)); };
  const __m256d across = _mm256_set1_pd(dx);
  const __m256d top = mixed(at(p), at(p + 3), across), bottom = mixed(at(q), at(q + 3), across);
  return _mm256_cvttpd_epi32(mixed(top, bottom, _mm256_set1_pd(dy)));
}

// v1 + t * (p2 + t * (p3 + t * p4))
inline __m256d polynomial(__m256d v1, __m256d p2, __m256d p3, __m256d p4, __m256d t) {
  const __m256d inner = _mm256_add_pd(p3, _mm256_mul_pd(t, p4));
  return _mm256_add_pd(v1, _mm256_mul_pd(t, _mm256_add_pd(p2, _mm256_mul_pd(t, inner))));
}

// Four pixels of a row; their differences are integers.
inline __m256d cubic_row(const uint8_t* p, __m256d t) {
  const __m128i v0 = four_bytes(p), v1 = four_bytes(p + 3), v2 = four_bytes(p + 6), v3 = four_bytes(p + 9);
  const __m128i fall = _mm_sub_epi32(v0, v1), rise = _mm_sub_epi32(v2, v3);
  const __m128i p3 = _mm_add_epi32(_mm_add_epi32(fall, fall), rise),
                p4 = _mm_sub_epi32(_mm_setzero_si128(), _mm_add_epi32(fall, rise));
  return polynomial(_mm256_cvtepi32_pd(v1), _mm256_cvtepi32_pd(_mm_sub_epi32(v2, v0)), _mm256_cvtepi32_pd(p3),
                    _mm256_cvtepi32_pd(p4), t);
}

// p: the first of the sixteen pixels.
inline __m128i bicubic_rgb(const uint8_t* p, int64_t sy, double dx, double dy) {
  const __m256d across = _mm256_set1_pd(dx);
  const __m256d v0 = cubic_row(p, across), v1 = cubic_row(p + sy, across);
  const __m256d v2 = cubic_row(p + 2 * sy, across), v3 = cubic_row(p + 3 * sy, across);
  const __m256d fall = _mm256_sub_pd(v0, v1);
  const __m256d p3 = _mm256_sub_pd(_mm256_add_pd(_mm256_add_pd(fall, fall), v2), v3);
  const __m256d p4 = _mm256_add_pd(_mm256_sub_pd(_mm256_sub_pd(v1, v0), v2), v3);
  return _mm256_cvttpd_epi32(polynomial(v1, _mm256_sub_pd(v2, v0), p3, p4, _mm256_set1_pd(dy)));
}

// Asks for the first of every two pixels, which begin `start` bytes behind p: the lines of a turned row are many.
inline void fetch_ahead(const uint8_t* p, const int32_t* start, int64_t n) {
  for (int64_t i = 0; i < n; i += 2) __builtin_prefetch(p + start[i]);
}

inline bool packed_rgb(const View& v) { return v.dtype == DType::u8 && v.c == 3 && v.sx == 3 && v.sc == 1; }

// One whose bytes 32 bits count.
inline bool short_rgb(const View& v) { return packed_rgb(v) && v.sy >= 0 && v.h * v.sy < INT32_MAX; }
#endif
