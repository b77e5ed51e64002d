// Gray, channel order, and Lab as OpenCV's 8-bit cvtColor computes it (integers and tables; ../color.cpp builds those).

template <typename T>
void gray_of(const View& src, const View& dst, const GrayWeights& k) {
  PixelBlock<T> in;
  alignas(64) T out[kBlock];
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, in);
      gray_block(in, k, out);
      uint8_t* d = dst.data + y * dst.sy + x * dst.sx;
      for (int64_t c = 0; c < dst.c; ++c) store_strided(out, n, d + c * dst.sc, dst.sx);
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

inline uint8_t saturate_u8(int32_t v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

struct LabBlock {
  alignas(64) int32_t a[3][kBlock], b[3][kBlock];
};

// out = (m * in + half) >> 12 in float32, which has faster products than int32: no sum reaches 2^24, so all are exact.
inline void apply_to_xyz(const int32_t* m, const int32_t (*in)[kBlock], int32_t (*out)[kBlock]) {
  float k[9];
  for (int64_t i = 0; i < 9; ++i) k[i] = static_cast<float>(m[i]);
  for (int64_t i = 0; i < kBlock; ++i) {
    const auto r = static_cast<float>(in[0][i]), g = static_cast<float>(in[1][i]), b = static_cast<float>(in[2][i]);
    out[0][i] = (static_cast<int32_t>(r * k[0] + g * k[1] + b * k[2]) + (1 << 11)) >> 12;
    out[1][i] = (static_cast<int32_t>(r * k[3] + g * k[4] + b * k[5]) + (1 << 11)) >> 12;
    out[2][i] = (static_cast<int32_t>(r * k[6] + g * k[7] + b * k[8]) + (1 << 11)) >> 12;
  }
}

// f(X / Xn), f(Y), f(Z / Zn) in 15 bits, then L * 255 / 100, a + 128, b + 128.
inline void block_to_lab(PixelBlock<uint8_t>& px, LabBlock& t, const LabTables& tables) {
  for (int64_t c = 0; c < 3; ++c) look_up<kBlock>(tables.linear, px.channel[c], t.a[c]);
  apply_to_xyz(tables.to_xyz, t.a, t.b);
  for (int64_t c = 0; c < 3; ++c) look_up<kBlock>(tables.root, t.b[c], t.a[c]);
  constexpr int32_t kScale = (116 * 255 + 50) / 100, kShift = (16 * 255 * (1 << 15) + 50) / 100;
  constexpr int32_t kHalf = 1 << 14, kNeutral = 128 << 15;
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t fx = t.a[0][i], fy = t.a[1][i], fz = t.a[2][i];
    px.channel[0][i] = saturate_u8((kScale * fy - kShift + kHalf) >> 15);
    px.channel[1][i] = saturate_u8((500 * (fx - fy) + kNeutral + kHalf) >> 15);
    px.channel[2][i] = saturate_u8((200 * (fy - fz) + kNeutral + kHalf) >> 15);
  }
}

// The inverse of f in 14 bits: a cube, or below 6 / 29 a line. 108 j / 841 truncates; the float product does so exactly
// for every |j| < 2^14 because the factor is 1 / 841 rounded up and no quotient lies within 1 / 841 below an integer.
// Both are computed for all (the float conversion in a loop of its own): a branch would keep the loop scalar.
inline void inverse_root(const int32_t* in, int32_t* line, int32_t* out) {
  for (int64_t i = 0; i < kBlock; ++i)
    line[i] = static_cast<int32_t>(static_cast<float>(108 * in[i]) * 0x1.37b484p-10f) - 290;
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t j = in[i], cube = (((j * j) >> 14) * j) >> 14;
    out[i] = j <= 3390 ? line[i] : cube;
  }
}

inline void block_to_rgb(PixelBlock<uint8_t>& px, LabBlock& t, const LabTables& tables) {
  look_up<kBlock>(tables.lightness, px.channel[0], t.b[0]);
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t a = px.channel[1][i], b = px.channel[2][i];
    const int32_t fy = t.b[0][i] >> 16;
    t.b[1][i] = fy + ((5 * a * 53687 + 128) >> 13) - 4194;
    t.b[2][i] = fy - ((b * 41943 + 16) >> 9) + 10484;
    t.a[1][i] = t.b[0][i] & 0xffff;
  }
  inverse_root(t.b[1], t.b[0], t.a[0]);
  inverse_root(t.b[2], t.b[0], t.a[2]);
  const int32_t* m = tables.to_rgb;
  for (int64_t c = 0; c < 3; ++c, m += 3) {
    const int32_t m0 = m[0], m1 = m[1], m2 = m[2];
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t v = (t.a[0][i] * m0 + t.a[1][i] * m1 + t.a[2][i] * m2 + (1 << 13)) >> 14;
      t.b[c][i] = v < 0 ? 0 : v > 4095 ? 4095 : v;
    }
  }
  for (int64_t c = 0; c < 3; ++c) {
    look_up<kBlock>(tables.gamma, t.b[c], t.a[c]);
    for (int64_t i = 0; i < kBlock; ++i) px.channel[c][i] = static_cast<uint8_t>(t.a[c][i]);
  }
}

template <void (*Convert)(PixelBlock<uint8_t>&, LabBlock&, const LabTables&)>
void convert_lab(const View& src, const View& dst, const LabTables& tables) {
  PixelBlock<uint8_t> px;
  LabBlock scratch;
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, px);
      Convert(px, scratch, tables);
      store_block(px, dst, y, x, n);
    });
}

void rgb_to_lab(const View& src, const View& dst, const LabTables& tables) {
  convert_lab<block_to_lab>(src, dst, tables);
}

void lab_to_rgb(const View& src, const View& dst, const LabTables& tables) {
  convert_lab<block_to_rgb>(src, dst, tables);
}
