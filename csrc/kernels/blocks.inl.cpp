// Pixels in blocks: rows of any layout become small planar arrays of a fixed length, which plain loops then work on.
constexpr int64_t kBlock = 64;

template <typename T>
inline T load_sample(const uint8_t* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <typename T>
inline void store_sample(uint8_t* p, T v) {
  __builtin_memcpy(p, &v, sizeof v);
}

#if TWL_ISA > 0
// Byte i of the result is sample i of channel c, or zero where that lies in another of the three registers `part`.
// clang-format off
alignas(16) constexpr int8_t kSplit[3][3][16] = {
    {{0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13}},
    {{1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14}},
    {{2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1},
     {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15}}};
// The way back: byte i of register `part` is that sample of channel c, or zero where another channel's.
alignas(16) constexpr int8_t kJoin[3][3][16] = {
    {{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5},
     {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1},
     {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1}},
    {{-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1},
     {5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10},
     {-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1}},
    {{-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
     {-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
     {10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}}};
// clang-format on

inline __m128i load_16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

// How a register is put together from three: the sum of their shuffles by m[0], m[1], m[2].
inline __m128i merge_three(__m128i a, __m128i b, __m128i c, const int8_t (*m)[16]) {
  return _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(a, load_16(m[0])), _mm_shuffle_epi8(b, load_16(m[1]))),
                      _mm_shuffle_epi8(c, load_16(m[2])));
}

// 16 interleaved pixels of three bytes at p.
inline void split_16(const uint8_t* p, uint8_t* r, uint8_t* g, uint8_t* b) {
  const __m128i s0 = load_16(p), s1 = load_16(p + 16), s2 = load_16(p + 32);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(r), merge_three(s0, s1, s2, kSplit[0]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(g), merge_three(s0, s1, s2, kSplit[1]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(b), merge_three(s0, s1, s2, kSplit[2]));
}

inline void join_16(const uint8_t* r, const uint8_t* g, const uint8_t* b, uint8_t* p) {
  const __m128i s0 = load_16(r), s1 = load_16(g), s2 = load_16(b);
  for (int64_t part = 0; part < 3; ++part)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 16 * part), merge_three(s0, s1, s2, kJoin[part]));
}
#endif

#if TWL_ISA == 2
// 16 bytes each from p, p + step, p + 2 * step and p + 3 * step, in the four lanes.
inline __m512i load_lanes(const uint8_t* p, int64_t step) {
  const __m512i two = _mm512_inserti32x4(_mm512_castsi128_si512(load_16(p)), load_16(p + step), 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(two, load_16(p + 2 * step), 2), load_16(p + 3 * step), 3);
}

inline __m512i merge_three(__m512i a, __m512i b, __m512i c, const int8_t (*m)[16]) {
  const auto part = [](__m512i v, const int8_t* at) {
    return _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(load_16(at)));
  };
  return _mm512_or_si512(_mm512_or_si512(part(a, m[0]), part(b, m[1])), part(c, m[2]));
}
#endif

#if TWL_ISA > 0
// 64 interleaved pixels of three bytes at p, and back.
inline void split_64(const uint8_t* p, uint8_t (*out)[kBlock]) {
#if TWL_ISA == 2
  const __m512i s0 = load_lanes(p, 48), s1 = load_lanes(p + 16, 48), s2 = load_lanes(p + 32, 48);
  for (int64_t c = 0; c < 3; ++c) _mm512_storeu_si512(out[c], merge_three(s0, s1, s2, kSplit[c]));
#else
  for (int64_t i = 0; i < 64; i += 16) split_16(p + 3 * i, out[0] + i, out[1] + i, out[2] + i);
#endif
}

inline void join_64(const uint8_t (*in)[kBlock], uint8_t* p) {
#if TWL_ISA == 2
  const __m512i s0 = _mm512_loadu_si512(in[0]), s1 = _mm512_loadu_si512(in[1]), s2 = _mm512_loadu_si512(in[2]);
  const auto store = [](uint8_t* at, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), v); };
  for (int64_t part = 0; part < 3; ++part) {
    const __m512i v = merge_three(s0, s1, s2, kJoin[part]);
    uint8_t* at = p + 16 * part;
    store(at, _mm512_castsi512_si128(v));
    store(at + 48, _mm512_extracti32x4_epi32(v, 1));
    store(at + 96, _mm512_extracti32x4_epi32(v, 2));
    store(at + 144, _mm512_extracti32x4_epi32(v, 3));
  }
#else
  for (int64_t i = 0; i < 64; i += 16) join_16(in[0] + i, in[1] + i, in[2] + i, p + 3 * i);
#endif
}
#endif

// The n samples at p, p + step, ...: constant steps for the usual layouts let the compiler vectorise.
template <typename T>
inline void load_strided(const uint8_t* p, int64_t step, int64_t n, T* out) {
  constexpr int64_t kItem = sizeof(T);
  if (step == kItem && n == kBlock) {
    __builtin_memcpy(out, p, kBlock * sizeof(T));  // of a known size, it is no call
  } else if (step == kItem) {
    __builtin_memcpy(out, p, static_cast<size_t>(n) * sizeof(T));
  } else if (step == 3 * kItem) {
    int64_t i = 0;
#if TWL_ISA > 0
    if constexpr (kItem == 1)  // stops a pixel early: the registers reach two bytes behind the last sample
      for (; i + 16 < n; i += 16)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                         merge_three(load_16(p + 3 * i), load_16(p + 3 * i + 16), load_16(p + 3 * i + 32), kSplit[0]));
#endif
    for (; i < n; ++i) out[i] = load_sample<T>(p + i * 3 * kItem);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = load_sample<T>(p + i * step);
  }
}

template <typename T>
inline void store_strided(const T* in, int64_t n, uint8_t* p, int64_t step) {
  constexpr int64_t kItem = sizeof(T);
  if (step == kItem && n == kBlock) {
    __builtin_memcpy(p, in, kBlock * sizeof(T));
  } else if (step == kItem) {
    __builtin_memcpy(p, in, static_cast<size_t>(n) * sizeof(T));
  } else if (step == 3 * kItem) {
    for (int64_t i = 0; i < n; ++i) store_sample(p + i * 3 * kItem, in[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) store_sample(p + i * step, in[i]);
  }
}

// Calls f(x, n) for blocks of columns that cover a row. The last one overlaps the one before rather than being short,
// so source and destination may not be the same memory.
template <typename F>
inline void for_each_block(int64_t w, F f) {
  if (w < kBlock) {
    if (w > 0) f(0, w);
    return;
  }
  for (int64_t x = 0; x < w; x += kBlock) {
    if (x > w - kBlock) x = w - kBlock;
    f(x, kBlock);
  }
}

template <typename T>
struct PixelBlock {
  alignas(64) T channel[3][kBlock];
};

// What lies behind the n-th pixel of a short block is zero.
template <typename T>
inline void load_block(const View& v, int64_t y, int64_t x, int64_t n, PixelBlock<T>& out) {
  constexpr int64_t kItem = sizeof(T);
  const uint8_t* p = v.data + y * v.sy + x * v.sx;
  if (n == kBlock && v.sc == kItem && v.sx == 3 * kItem) {
#if TWL_ISA > 0
    if constexpr (kItem == 1) return split_64(p, out.channel);
#endif
    for (int64_t i = 0; i < kBlock; ++i) {
      out.channel[0][i] = load_sample<T>(p + (3 * i + 0) * kItem);
      out.channel[1][i] = load_sample<T>(p + (3 * i + 1) * kItem);
      out.channel[2][i] = load_sample<T>(p + (3 * i + 2) * kItem);
    }
    return;
  }
  if (n < kBlock) __builtin_memset(&out, 0, sizeof out);
#if TWL_ISA > 0
  if constexpr (kItem == 1)
    if (v.sc == 1 && v.sx == 3) {
      uint8_t whole[3 * kBlock] = {};
      __builtin_memcpy(whole, p, static_cast<size_t>(3 * n));
      return split_64(whole, out.channel);
    }
#endif
  for (int64_t c = 0; c < 3; ++c) load_strided(p + c * v.sc, v.sx, n, out.channel[c]);
}

template <typename T>
inline void store_block(const PixelBlock<T>& in, const View& v, int64_t y, int64_t x, int64_t n) {
  constexpr int64_t kItem = sizeof(T);
  uint8_t* p = v.data + y * v.sy + x * v.sx;
  if (n == kBlock && v.sc == kItem && v.sx == 3 * kItem) {
#if TWL_ISA > 0
    if constexpr (kItem == 1) return join_64(in.channel, p);
#endif
    for (int64_t i = 0; i < kBlock; ++i) {
      store_sample(p + (3 * i + 0) * kItem, in.channel[0][i]);
      store_sample(p + (3 * i + 1) * kItem, in.channel[1][i]);
      store_sample(p + (3 * i + 2) * kItem, in.channel[2][i]);
    }
    return;
  }
#if TWL_ISA > 0
  if constexpr (kItem == 1)
    if (v.sc == 1 && v.sx == 3) {
      uint8_t whole[3 * kBlock];
      join_64(in.channel, whole);
      __builtin_memcpy(p, whole, static_cast<size_t>(3 * n));
      return;
    }
#endif
  for (int64_t c = 0; c < 3; ++c) store_strided(in.channel[c], n, p + c * v.sc, v.sx);
}

#if TWL_ISA == 2
// table[v] for 16 values v < 256: two-register permutations and a choice by the high bits, a third of a gather's cost.
inline __m512i permute_256(const __m512i* table, __m512i v) {
  const auto pair = [&](int64_t i) { return _mm512_permutex2var_epi32(table[2 * i], v, table[2 * i + 1]); };
  const __m512i high = _mm512_slli_epi32(v, 24), next = _mm512_add_epi32(high, high);
  const __mmask16 b7 = _mm512_movepi32_mask(high), b6 = _mm512_movepi32_mask(next);
  const __mmask16 b5 = _mm512_movepi32_mask(_mm512_add_epi32(next, next));
  const __m512i t0 = _mm512_mask_blend_epi32(b5, pair(0), pair(1)), t1 = _mm512_mask_blend_epi32(b5, pair(2), pair(3));
  const __m512i t2 = _mm512_mask_blend_epi32(b5, pair(4), pair(5)), t3 = _mm512_mask_blend_epi32(b5, pair(6), pair(7));
  return _mm512_mask_blend_epi32(b7, _mm512_mask_blend_epi32(b6, t0, t1), _mm512_mask_blend_epi32(b6, t2, t3));
}

inline __m512i permute_256(const int32_t* table, __m512i v) {
  __m512i registers[16];
  for (int64_t i = 0; i < 16; ++i) registers[i] = _mm512_loadu_si512(table + 16 * i);
  return permute_256(registers, v);
}
#endif

// out[i] = table[index[i]], i < N, a multiple of 16. Gathers beat scalar loads with 16 lanes, not with 8. The masked
// form starts from zero: the plain one leaves the old register as its source, and each gather waits for the last.
template <int64_t N, typename Index>
inline void look_up(const int32_t* table, const Index* index, int32_t* out) {
#if TWL_ISA == 2
  for (int64_t i = 0; i < N; i += 16) {
    __m512i found;
    if constexpr (sizeof(Index) == 1)
      found = permute_256(table, _mm512_cvtepu8_epi32(load_16(index + i)));
    else
      found = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, _mm512_loadu_si512(index + i), table, 4);
    _mm512_storeu_si512(out + i, found);
  }
#else
  for (int64_t i = 0; i < N; ++i) out[i] = table[index[i]];
#endif
}

inline void pack_rgb(const uint8_t* src, uint8_t* dst, int64_t n) {
  int64_t i = 0;
#if TWL_ISA > 0
  const __m128i drop = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  for (; i + 6 <= n; i += 4)  // writes four bytes more than it has, which the next step or the tail puts right
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + 3 * i), _mm_shuffle_epi8(load_16(src + 4 * i), drop));
#endif
  for (; i < n; ++i) __builtin_memcpy(dst + 3 * i, src + 4 * i, 3);
}

template <typename T>
void copy_plane_of(const View& src, const View& dst) {
  constexpr int64_t kItem = sizeof(T);
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* s = src.data + y * src.sy;
    uint8_t* d = dst.data + y * dst.sy;
    if (dst.sx == kItem)
      load_strided(s, src.sx, src.w, reinterpret_cast<T*>(d));
    else if (src.sx == kItem)
      store_strided(reinterpret_cast<const T*>(s), src.w, d, dst.sx);
    else
      for (int64_t x = 0; x < src.w; ++x) store_sample(d + x * dst.sx, load_sample<T>(s + x * src.sx));
  }
}

// One channel, any strides on either side.
inline void copy_plane(const View& src, const View& dst) {
  if (src.dtype == DType::u8)
    copy_plane_of<uint8_t>(src, dst);
  else if (src.dtype == DType::f32)
    copy_plane_of<uint32_t>(src, dst);
  else
    copy_plane_of<uint16_t>(src, dst);
}
