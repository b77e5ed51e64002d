// Rows turned round and rows that become columns, pixels of N bytes. Registers often hold a few bytes more than whole
// pixels: what is written too much is written again with the next pixels, and the last ones of a row go one by one.

template <int64_t N>
inline void copy_bytes(const uint8_t* from, uint8_t* to) {
  __builtin_memcpy(to, from, static_cast<size_t>(N));
}

template <int64_t N>
void reverse_row_of(const uint8_t* src, uint8_t* dst, int64_t n) {
  int64_t i = 0;
#if TWL_ISA > 0
  constexpr int64_t kPixels = 16 / N;
  alignas(16) int8_t order[16];
  for (int64_t k = 0; k < 16; ++k) order[k] = static_cast<int8_t>(k < kPixels * N ? 16 - N * (k / N + 1) + k % N : -1);
  const __m128i turn = _mm_load_si128(reinterpret_cast<const __m128i*>(order));
  for (; (n - i) * N >= 16; i += kPixels) {
    const __m128i from = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + (n - i) * N - 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i * N), _mm_shuffle_epi8(from, turn));
  }
#endif
  for (; i < n; ++i) copy_bytes<N>(src + (n - 1 - i) * N, dst + i * N);
}

// A square of kSide by kSide pixels: source rows are `from_step` bytes apart, those of the result `to_step`. It reads
// and writes kWide bytes of each row.
template <int64_t N>
struct Square {
  static constexpr int64_t kSide = 1, kWide = N == 3 ? 4 : N == 6 ? 8 : N == 12 ? 16 : N;

  static void transpose(const uint8_t* from, int64_t, uint8_t* to, int64_t) { copy_bytes<kWide>(from, to); }
};

#if TWL_ISA > 0
inline __m128i load_row_16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m128i load_row_8(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
inline void store_row_16(uint8_t* p, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }

// The lower and the upper eight bytes are rows of their own.
inline void store_rows_8(uint8_t* p, int64_t step, __m128i v) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), v);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p + step), _mm_unpackhi_epi64(v, v));
}

template <>
struct Square<1> {
  static constexpr int64_t kSide = 8, kWide = 8;

  static void transpose(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step) {
    const auto pair = [&](int64_t y) {
      return _mm_unpacklo_epi8(load_row_8(from + y * from_step), load_row_8(from + (y + 1) * from_step));
    };
    const __m128i a = pair(0), b = pair(2), c = pair(4), d = pair(6);
    const __m128i ab = _mm_unpacklo_epi16(a, b), cd = _mm_unpacklo_epi16(c, d);
    const __m128i ab4 = _mm_unpackhi_epi16(a, b), cd4 = _mm_unpackhi_epi16(c, d);
    store_rows_8(to, to_step, _mm_unpacklo_epi32(ab, cd));
    store_rows_8(to + 2 * to_step, to_step, _mm_unpackhi_epi32(ab, cd));
    store_rows_8(to + 4 * to_step, to_step, _mm_unpacklo_epi32(ab4, cd4));
    store_rows_8(to + 6 * to_step, to_step, _mm_unpackhi_epi32(ab4, cd4));
  }
};

template <>
struct Square<2> {
  static constexpr int64_t kSide = 4, kWide = 8;

  static void transpose(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step) {
    const __m128i a = _mm_unpacklo_epi16(load_row_8(from), load_row_8(from + from_step));
    const __m128i b = _mm_unpacklo_epi16(load_row_8(from + 2 * from_step), load_row_8(from + 3 * from_step));
    store_rows_8(to, to_step, _mm_unpacklo_epi32(a, b));
    store_rows_8(to + 2 * to_step, to_step, _mm_unpackhi_epi32(a, b));
  }
};

// Pixels of three bytes go as four.
template <int64_t N>
struct FourBytes {
  static constexpr int64_t kSide = 4, kWide = 16;

  static __m128i widened(const uint8_t* p) {
    const __m128i v = load_row_16(p);
    return N == 4 ? v : _mm_shuffle_epi8(v, _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
  }

  static void store(uint8_t* p, __m128i v) {
    const __m128i pack = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    store_row_16(p, N == 4 ? v : _mm_shuffle_epi8(v, pack));
  }

  static void transpose(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step) {
    const __m128i a = widened(from), b = widened(from + from_step);
    const __m128i c = widened(from + 2 * from_step), d = widened(from + 3 * from_step);
    const __m128i ab = _mm_unpacklo_epi32(a, b), cd = _mm_unpacklo_epi32(c, d);
    const __m128i ab2 = _mm_unpackhi_epi32(a, b), cd2 = _mm_unpackhi_epi32(c, d);
    store(to, _mm_unpacklo_epi64(ab, cd));
    store(to + to_step, _mm_unpackhi_epi64(ab, cd));
    store(to + 2 * to_step, _mm_unpacklo_epi64(ab2, cd2));
    store(to + 3 * to_step, _mm_unpackhi_epi64(ab2, cd2));
  }
};

template <>
struct Square<3> : FourBytes<3> {};
template <>
struct Square<4> : FourBytes<4> {};
#endif

// Bands of 64 source rows: their lines stay in the cache while the columns pass by.
template <int64_t N>
void transpose_of(const View& src, const View& dst) {
  constexpr int64_t kBand = 64, kSide = Square<N>::kSide;
  constexpr int64_t kReach = (Square<N>::kWide + N - 1) / N;  // pixels of a row that a square touches
  const int64_t squares = dst.h < kReach ? 0 : (dst.h - kReach) / kSide + 1;
  for (int64_t x0 = 0; x0 < dst.w; x0 += kBand) {
    const int64_t x1 = dst.w - x0 < kBand ? dst.w : x0 + kBand;
    for (int64_t y = 0; y < dst.h; y += y / kSide < squares ? kSide : 1) {
      const int64_t rows = y / kSide < squares ? kSide : 1;
      const uint8_t* from = src.data + y * N;
      uint8_t* to = dst.data + y * dst.sy;
      int64_t x = x0;
      if (y / kSide < squares)
        for (; x + kSide <= x1 && x + kReach <= dst.w; x += kSide)
          Square<N>::transpose(from + x * src.sx, src.sx, to + x * N, dst.sy);
      for (int64_t j = 0; j < rows; ++j)
        for (int64_t i = x; i < x1; ++i) copy_bytes<N>(from + i * src.sx + j * N, to + i * N + j * dst.sy);
    }
  }
}

bool reverse_row(const uint8_t* src, uint8_t* dst, int64_t n, int64_t pixel) {
  switch (pixel) {
    case 1:
      return reverse_row_of<1>(src, dst, n), true;
    case 2:
      return reverse_row_of<2>(src, dst, n), true;
    case 3:
      return reverse_row_of<3>(src, dst, n), true;
    case 4:
      return reverse_row_of<4>(src, dst, n), true;
    case 6:
      return reverse_row_of<6>(src, dst, n), true;
    case 8:
      return reverse_row_of<8>(src, dst, n), true;
    case 12:
      return reverse_row_of<12>(src, dst, n), true;
    case 16:
      return reverse_row_of<16>(src, dst, n), true;
    default:
      return false;
  }
}

bool transpose(const View& src, const View& dst, int64_t pixel) {
  switch (pixel) {
    case 1:
      return transpose_of<1>(src, dst), true;
    case 2:
      return transpose_of<2>(src, dst), true;
    case 3:
      return transpose_of<3>(src, dst), true;
    case 4:
      return transpose_of<4>(src, dst), true;
    case 6:
      return transpose_of<6>(src, dst), true;
    case 8:
      return transpose_of<8>(src, dst), true;
    case 12:
      return transpose_of<12>(src, dst), true;
    case 16:
      return transpose_of<16>(src, dst), true;
    default:
      return false;
  }
}
