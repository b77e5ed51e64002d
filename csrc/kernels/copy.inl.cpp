// Copies that rearrange.

void pack_rgb(const uint8_t* src, uint8_t* dst, int64_t n) {
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
void copy_plane(const View& src, const View& dst) {
  if (src.dtype == DType::u8)
    copy_plane_of<uint8_t>(src, dst);
  else if (src.dtype == DType::f32)
    copy_plane_of<uint32_t>(src, dst);
  else
    copy_plane_of<uint16_t>(src, dst);
}
