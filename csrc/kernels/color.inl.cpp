// Gray and channel order.

#if TWL_ISA > 0
// clang-format off
alignas(16) constexpr int8_t kThrice[3][16] = {{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5},
                                               {5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10},
                                               {10, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15}};
// clang-format on

// Every byte of a block three times.
inline void store_thrice(const uint8_t* v, uint8_t* d) {
  for (int64_t i = 0; i < kBlock; i += 16)
    for (int64_t part = 0; part < 3; ++part)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(d + 3 * i + 16 * part),
                       _mm_shuffle_epi8(load_16(v + i), load_16(kThrice[part])));
}
#endif

template <typename T>
inline void store_gray(const T* v, int64_t n, const View& dst, uint8_t* d) {
#if TWL_ISA > 0
  if constexpr (sizeof(T) == 1)
    if (n == kBlock && dst.c == 3 && dst.sx == 3 && dst.sc == 1) return store_thrice(v, d);
#endif
  for (int64_t c = 0; c < dst.c; ++c) store_strided(v, n, d + c * dst.sc, dst.sx);
}

template <typename T>
void gray_of(const View& src, const View& dst, const GrayWeights& k) {
  PixelBlock<T> in;
  alignas(64) T out[kBlock];
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, in);
      gray_block(in, k, out);
      store_gray(out, n, dst, dst.data + y * dst.sy + x * dst.sx);
    });
}

void gray(const View& src, const View& dst, const GrayWeights& weights) {
  if (src.dtype == DType::u8)
    gray_of<uint8_t>(src, dst, weights);
  else if (src.dtype == DType::u16)
    gray_of<uint16_t>(src, dst, weights);
  else
    gray_of<float>(src, dst, weights);
}

#if TWL_ISA > 0
// Whole pixels of one register at a time. With 3 channels the 16th byte is wrong until the next store, so the last
// pixels are left to the caller. Returns how many were done.
template <int64_t C>
inline int64_t swap_registers(const uint8_t* s, uint8_t* d, int64_t n) {
  constexpr int64_t kPixels = 16 / C;
  const __m128i order = C == 3 ? _mm_setr_epi8(2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 15)
                               : _mm_setr_epi8(2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);
  int64_t x = 0;
  for (; x + kPixels < n; x += kPixels)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d + x * C), _mm_shuffle_epi8(load_16(s + x * C), order));
  return x;
}
#endif

template <typename T, int64_t C>
void swap_interleaved(const View& src, const View& dst) {
  constexpr int64_t kItem = sizeof(T);
  for (int64_t y = 0; y < src.h; ++y) {
    const uint8_t* s = src.data + y * src.sy;
    uint8_t* d = dst.data + y * dst.sy;
    int64_t x = 0;
#if TWL_ISA > 0
    if constexpr (kItem == 1) x = swap_registers<C>(s, d, src.w);
    s += x * C * kItem;
    d += x * C * kItem;
#endif
    for (; x < src.w; ++x, s += C * kItem, d += C * kItem) {
      const T r = load_sample<T>(s), g = load_sample<T>(s + kItem), b = load_sample<T>(s + 2 * kItem);
      if constexpr (C == 4) store_sample(d + 3 * kItem, load_sample<T>(s + 3 * kItem));
      store_sample(d, b);
      store_sample(d + kItem, g);
      store_sample(d + 2 * kItem, r);
    }
  }
}

template <typename T>
void swap_rb_of(const View& src, const View& dst) {
  constexpr int64_t kItem = sizeof(T);
  const bool pixels = src.sc == kItem && dst.sc == kItem && src.sx == dst.sx;
  if (pixels && src.c == 3 && src.sx == 3 * kItem) return swap_interleaved<T, 3>(src, dst);
  if (pixels && src.c == 4 && src.sx == 4 * kItem) return swap_interleaved<T, 4>(src, dst);
  for (int64_t c = 0; c < src.c; ++c) {
    View from = src, to = dst;
    from.data += (c < 3 ? 2 - c : c) * src.sc;
    to.data += c * dst.sc;
    copy_plane_of<T>(from, to);
  }
}

void swap_rb(const View& src, const View& dst) {
  if (src.dtype == DType::u8)
    swap_rb_of<uint8_t>(src, dst);
  else if (src.dtype == DType::f32)
    swap_rb_of<uint32_t>(src, dst);
  else
    swap_rb_of<uint16_t>(src, dst);
}
