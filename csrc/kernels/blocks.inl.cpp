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

// The n samples at p, p + step, ...: constant steps for the usual layouts let the compiler vectorise.
template <typename T>
inline void load_strided(const uint8_t* p, int64_t step, int64_t n, T* out) {
  constexpr int64_t kItem = sizeof(T);
  if (step == kItem) {
    __builtin_memcpy(out, p, static_cast<size_t>(n) * sizeof(T));
  } else if (step == 3 * kItem) {
    for (int64_t i = 0; i < n; ++i) out[i] = load_sample<T>(p + i * 3 * kItem);
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = load_sample<T>(p + i * step);
  }
}

template <typename T>
inline void store_strided(const T* in, int64_t n, uint8_t* p, int64_t step) {
  constexpr int64_t kItem = sizeof(T);
  if (step == kItem) {
    __builtin_memcpy(p, in, static_cast<size_t>(n) * sizeof(T));
  } else if (step == 3 * kItem) {
    for (int64_t i = 0; i < n; ++i) store_sample(p + i * 3 * kItem, in[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) store_sample(p + i * step, in[i]);
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
    for (int64_t i = 0; i < kBlock; ++i) {
      out.channel[0][i] = load_sample<T>(p + (3 * i + 0) * kItem);
      out.channel[1][i] = load_sample<T>(p + (3 * i + 1) * kItem);
      out.channel[2][i] = load_sample<T>(p + (3 * i + 2) * kItem);
    }
    return;
  }
  if (n < kBlock) __builtin_memset(&out, 0, sizeof out);
  for (int64_t c = 0; c < 3; ++c) load_strided(p + c * v.sc, v.sx, n, out.channel[c]);
}

template <typename T>
inline void store_block(const PixelBlock<T>& in, const View& v, int64_t y, int64_t x, int64_t n) {
  constexpr int64_t kItem = sizeof(T);
  uint8_t* p = v.data + y * v.sy + x * v.sx;
  if (n == kBlock && v.sc == kItem && v.sx == 3 * kItem) {
    for (int64_t i = 0; i < kBlock; ++i) {
      store_sample(p + (3 * i + 0) * kItem, in.channel[0][i]);
      store_sample(p + (3 * i + 1) * kItem, in.channel[1][i]);
      store_sample(p + (3 * i + 2) * kItem, in.channel[2][i]);
    }
    return;
  }
  for (int64_t c = 0; c < 3; ++c) store_strided(in.channel[c], n, p + c * v.sc, v.sx);
}

// out[i] = table[index[i]], i < N, a multiple of 16. Gathers beat scalar loads with 16 lanes, not with 8.
// The masked forms, all lanes set, are there for GCC 12, which takes the plain ones for reads of uninitialised memory.
template <int64_t N, typename Index>
inline void look_up(const int32_t* table, const Index* index, int32_t* out) {
#if TWL_ISA == 2
  for (int64_t i = 0; i < N; i += 16) {
    __m512i at;
    if constexpr (sizeof(Index) == 1)
      at = _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(index + i)));
    else
      at = _mm512_loadu_si512(index + i);
    _mm512_storeu_si512(out + i, _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, at, table, 4));
  }
#else
  for (int64_t i = 0; i < N; ++i) out[i] = table[index[i]];
#endif
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
void copy_plane(const View& src, const View& dst) {
  if (src.dtype == DType::u8)
    copy_plane_of<uint8_t>(src, dst);
  else if (src.dtype == DType::f32)
    copy_plane_of<uint32_t>(src, dst);
  else
    copy_plane_of<uint16_t>(src, dst);
}
