// OpenCV's 8-bit HSV and YCrCb, and matrices on colours, in blocks of pixels.

inline uint8_t to_byte(int32_t v) { return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v); }

template <typename T, typename F>
void map_blocks(const View& src, const View& dst, F f) {
  PixelBlock<T> px;
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, px);
      f(px.channel[0], px.channel[1], px.channel[2]);
      store_block(px, dst, y, x, n);
    });
}

// V = max, S = 255 d / V, H = 30 (difference of two) / d + 0, 60 or 120 by the largest, all in 12 bits.
void rgb_to_hsv(const View& src, const View& dst, const HsvTables& tables) {
  alignas(64) uint8_t top[kBlock], range[kBlock];
  alignas(64) int32_t by_top[kBlock], by_range[kBlock];
  map_blocks<uint8_t>(src, dst, [&](uint8_t* r, uint8_t* g, uint8_t* b) {
    for (int64_t i = 0; i < kBlock; ++i) {
      const uint8_t high = r[i] > g[i] ? r[i] : g[i], low = r[i] < g[i] ? r[i] : g[i];
      const uint8_t most = high > b[i] ? high : b[i], least = low < b[i] ? low : b[i];
      top[i] = most;
      range[i] = static_cast<uint8_t>(most - least);
    }
    look_up<kBlock>(tables.saturation, top, by_top);
    look_up<kBlock>(tables.hue, range, by_range);
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t red = r[i], green = g[i], blue = b[i], v = top[i], d = range[i];
      const int32_t from_green = blue - red + 2 * d, from_blue = red - green + 4 * d;
      const int32_t turn = v == red ? green - blue : v == green ? from_green : from_blue;
      const int32_t h = (turn * by_range[i] + (1 << 11)) >> 12;
      r[i] = to_byte(h < 0 ? h + 180 : h);
      g[i] = to_byte((d * by_top[i] + (1 << 11)) >> 12);
      b[i] = static_cast<uint8_t>(v);
    }
  });
}

// 1 - a b, rounded once. In float64 the product is exact, and rounding twice gives the same for all bytes of H and S.
inline float one_minus(float a, float b) {
#if TWL_ISA > 0
  return __builtin_fmaf(-a, b, 1.0f);
#else
  return static_cast<float>(1.0 - static_cast<double>(a) * static_cast<double>(b));
#endif
}

struct HsvBlock {
  alignas(64) float fraction[kBlock], p[kBlock], q[kBlock], t[kBlock], full[kBlock];
  alignas(64) int32_t sector[kBlock], out[3][kBlock];
};

// OpenCV's float formula, truncated everywhere.
inline void block_from_hsv(const PixelBlock<uint8_t>& in, HsvBlock& k) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const float turn = static_cast<float>(in.channel[0][i]) * (6.0f / 180.0f);
    const auto whole = static_cast<int32_t>(turn);
    k.fraction[i] = turn - static_cast<float>(whole);
    k.sector[i] = whole >= 6 ? whole - 6 : whole;
  }
  for (int64_t i = 0; i < kBlock; ++i) {
    const float s = static_cast<float>(in.channel[1][i]) * (1.0f / 255.0f);
    const float v = static_cast<float>(in.channel[2][i]) * (1.0f / 255.0f);
    k.p[i] = v * (1.0f - s) * 255.0f;
    k.q[i] = v * one_minus(s, k.fraction[i]) * 255.0f;
    k.t[i] = v * one_minus(s, 1.0f - k.fraction[i]) * 255.0f;
    k.full[i] = v * 255.0f;
  }
  for (int64_t i = 0; i < kBlock; ++i) {
    // Masks instead of conditions, which would keep the loop scalar.
    const int32_t n = k.sector[i];
    const int32_t is0 = -(n == 0), is1 = -(n == 1), is2 = -(n == 2), is3 = -(n == 3), is4 = -(n == 4), is5 = -(n == 5);
    const auto p = static_cast<int32_t>(k.p[i]), q = static_cast<int32_t>(k.q[i]);
    const auto t = static_cast<int32_t>(k.t[i]), full = static_cast<int32_t>(k.full[i]);
    k.out[0][i] = (full & (is0 | is5)) | (q & is1) | (p & (is2 | is3)) | (t & is4);
    k.out[1][i] = (full & (is1 | is2)) | (q & is3) | (p & (is4 | is5)) | (t & is0);
    k.out[2][i] = (full & (is3 | is4)) | (q & is5) | (p & (is0 | is1)) | (t & is2);
  }
}

void hsv_to_rgb(const View& src, const View& dst) {
  PixelBlock<uint8_t> px;
  HsvBlock k;
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, px);
      block_from_hsv(px, k);
      for (int64_t c = 0; c < 3; ++c)
        for (int64_t i = 0; i < kBlock; ++i) px.channel[c][i] = static_cast<uint8_t>(k.out[c][i]);
      store_block(px, dst, y, x, n);
    });
}

inline int32_t rounded_14(int32_t v) { return (v + (1 << 13)) >> 14; }

void rgb_to_ycrcb(const View& src, const View& dst) {
  map_blocks<uint8_t>(src, dst, [](uint8_t* r, uint8_t* g, uint8_t* b) {
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t red = r[i], blue = b[i], y = rounded_14(4899 * red + 9617 * g[i] + 1868 * blue);
      r[i] = static_cast<uint8_t>(y);
      g[i] = to_byte(rounded_14((red - y) * 11682 + (128 << 14)));
      b[i] = to_byte(rounded_14((blue - y) * 9241 + (128 << 14)));
    }
  });
}

void ycrcb_to_rgb(const View& src, const View& dst) {
  map_blocks<uint8_t>(src, dst, [](uint8_t* y, uint8_t* cr, uint8_t* cb) {
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t luma = y[i], red = cr[i] - 128, blue = cb[i] - 128;
      y[i] = to_byte(luma + rounded_14(22987 * red));
      cr[i] = to_byte(luma + rounded_14(-5636 * blue - 11698 * red));
      cb[i] = to_byte(luma + rounded_14(29049 * blue));
    }
  });
}

template <typename T>
inline T weighed(T r, T g, T b, const int32_t*, const float* m, float max) {
  const float sum =
      ((m[0] * static_cast<float>(r) + m[1] * static_cast<float>(g)) + m[2] * static_cast<float>(b)) + m[3];
  const float v = sum < 0.0f ? 0.0f : sum > max ? max : sum;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_rintf(v));
  return static_cast<T>(v);
}

template <>
inline uint8_t weighed(uint8_t r, uint8_t g, uint8_t b, const int32_t* m, const float*, float) {
  return to_byte((m[0] * r + m[1] * g + m[2] * b + m[3] + (1 << 9)) >> 10);
}

template <typename T>
void matrix_of(const View& src, const View& dst, const ColorMatrix& given) {
  const ColorMatrix m = given;
  PixelBlock<T> out;
  PixelBlock<T> px;
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, px);
      for (int64_t c = 0; c < 3; ++c)
        for (int64_t i = 0; i < kBlock; ++i)
          out.channel[c][i] =
              weighed<T>(px.channel[0][i], px.channel[1][i], px.channel[2][i], m.fixed[c], m.real[c], m.max);
      store_block(out, dst, y, x, n);
    });
}

void color_matrix(const View& src, const View& dst, const ColorMatrix& m) {
  if (src.dtype == DType::u8)
    matrix_of<uint8_t>(src, dst, m);
  else if (src.dtype == DType::u16)
    matrix_of<uint16_t>(src, dst, m);
  else
    matrix_of<float>(src, dst, m);
}

void reorder_rgb(const uint8_t* src, uint8_t* dst, int64_t n, const int64_t* order, const uint8_t* fill) {
  int64_t i = 0;
#if TWL_ISA > 0
  // Five pixels a register; the 16th byte is wrong until the next store, so the last pixels are left to the loop.
  alignas(16) int8_t at[16] = {};
  alignas(16) uint8_t constant[16] = {};
  for (int64_t k = 0; k < 15; ++k) {
    const int64_t from = order[k % 3];
    at[k] = static_cast<int8_t>(from < 0 ? -1 : k - k % 3 + from);
    constant[k] = from < 0 ? fill[k % 3] : uint8_t{0};
  }
  const __m128i take = load_16(at), plus = load_16(constant);
  for (; i + 6 <= n; i += 5)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + 3 * i),
                     _mm_or_si128(_mm_shuffle_epi8(load_16(src + 3 * i), take), plus));
#endif
  for (; i < n; ++i)
    for (int64_t k = 0; k < 3; ++k) dst[3 * i + k] = order[k] < 0 ? fill[k] : src[3 * i + order[k]];
}
