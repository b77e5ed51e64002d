// Brightness, contrast, saturation and hue as Pillow computes them, in blocks of pixels.

// gray + factor * (value - gray) in float32, cut off and truncated.
#if TWL_ISA > 1
inline void blend_block(const uint8_t* gray, float factor, uint8_t* channel) {
  const __m512 f = _mm512_set1_ps(factor), most = _mm512_set1_ps(255.0F);
  for (int64_t i = 0; i < kBlock; i += 16) {
    const __m512i d = _mm512_cvtepu8_epi32(load_16(gray + i)), v = _mm512_cvtepu8_epi32(load_16(channel + i));
    const __m512 part = _mm512_mul_ps(f, _mm512_cvtepi32_ps(_mm512_sub_epi32(v, d)));
    const __m512 sum = _mm512_add_ps(_mm512_cvtepi32_ps(d), part);
    const __m512i whole = _mm512_cvttps_epi32(_mm512_min_ps(_mm512_max_ps(sum, _mm512_setzero_ps()), most));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(channel + i), _mm512_cvtepi32_epi8(whole));
  }
}
#elif TWL_ISA > 0
inline void blend_block(const uint8_t* gray, float factor, uint8_t* channel) {
  const __m256 f = _mm256_set1_ps(factor), most = _mm256_set1_ps(255.0F);
  const auto load = [](const uint8_t* p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  };
  for (int64_t i = 0; i < kBlock; i += 8) {
    const __m256i d = load(gray + i), v = load(channel + i);
    const __m256 part = _mm256_mul_ps(f, _mm256_cvtepi32_ps(_mm256_sub_epi32(v, d)));
    const __m256 sum = _mm256_add_ps(_mm256_cvtepi32_ps(d), part);
    const __m256i whole = _mm256_cvttps_epi32(_mm256_min_ps(_mm256_max_ps(sum, _mm256_setzero_ps()), most));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(channel + i), _mm_packus_epi16(words, words));
  }
}
#else
inline uint8_t truncated(float v) { return static_cast<uint8_t>(v <= 0 ? 0.0F : v >= 255 ? 255.0F : v); }

inline void blend_block(const uint8_t* gray, float factor, uint8_t* channel) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t d = gray[i];
    channel[i] = truncated(static_cast<float>(d) + factor * static_cast<float>(channel[i] - d));
  }
}
#endif

// The same in integers.
inline void blend_block(const uint8_t* from, const WordFactor& factor, uint8_t* channel) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const int16_t d = from[i], w = static_cast<int16_t>(channel[i] - d);
    const auto part = static_cast<int16_t>((w * (w < 0 ? factor.below : factor.part)) >> 16);
    const auto v = static_cast<int16_t>(d + w * factor.whole + part);
    channel[i] = static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
  }
}

inline void adjust_block(PixelBlock<uint8_t>& px, const AdjustStage& stage, const GrayWeights& weights) {
  if (stage.kind == AdjustStage::Kind::table) return lut_apply(px.channel[0], px.channel[0], 3 * kBlock, stage.table);
  alignas(64) uint8_t from[kBlock];
  if (stage.kind == AdjustStage::Kind::toward_gray)
    gray_block(px, weights, from);
  else
    __builtin_memset(from, stage.value, kBlock);
  for (auto& channel : px.channel) {
    if (stage.words.exact)
      blend_block(from, stage.words, channel);
    else
      blend_block(from, stage.factor, channel);
  }
}

// What lies behind the n-th pixel of a short block is not counted.
inline uint64_t sum_block(const PixelBlock<uint8_t>& px, int64_t n, const GrayWeights& weights) {
  alignas(64) uint8_t gray[kBlock];
  gray_block(px, weights, gray);
  uint32_t sum = 0;
  if (n == kBlock) {
    for (int64_t i = 0; i < kBlock; ++i) sum += gray[i];
  } else {
    for (int64_t i = 0; i < n; ++i) sum += gray[i];
  }
  return sum;
}

uint64_t adjust_blocks(const View& src, const View* dst, const AdjustStage* stages, int64_t count,
                       const GrayWeights& weights, bool sums) {
  PixelBlock<uint8_t> px;
  uint64_t total = 0;
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; x += kBlock) {
      const int64_t n = src.w - x < kBlock ? src.w - x : kBlock;
      load_block(src, y, x, n, px);
      for (int64_t i = 0; i < count; ++i) adjust_block(px, stages[i], weights);
      if (sums) total += sum_block(px, n, weights);
      if (dst != nullptr) store_block(px, *dst, y, x, n);
    }
  return total;
}

struct HsvBlock {
  alignas(64) int32_t h[kBlock], s[kBlock], v[kBlock];
};

// Pillow, rgb2hsv_row: float32 quotients, float64 sums. Every operation runs for every pixel and the choice comes
// after: the compiler makes vectors of no operation that only some pixels see.
inline void to_hsv(const PixelBlock<uint8_t>& px, HsvBlock& out) {
  for (int64_t i = 0; i < kBlock; ++i) {
    const int32_t r = px.channel[0][i], g = px.channel[1][i], b = px.channel[2][i];
    const int32_t top = r > g ? (r > b ? r : b) : (g > b ? g : b);
    const int32_t low = r < g ? (r < b ? r : b) : (g < b ? g : b);
    const int32_t width = top - low;  // of a gray pixel 0, and what is made of it is left out
    const float range = static_cast<float>(width == 0 ? 1 : width);
    const float rc = static_cast<float>(top - r) / range, gc = static_cast<float>(top - g) / range;
    const float bc = static_cast<float>(top - b) / range;
    const float green = static_cast<float>(2.0 + static_cast<double>(rc) - static_cast<double>(bc));
    const float blue = static_cast<float>(4.0 + static_cast<double>(gc) - static_cast<double>(rc));
    const float red = bc - gc;
    const float other = g == top ? green : blue, sixth = r == top ? red : other;
    const double turned = static_cast<double>(sixth) / 6.0 + 1.0, less = turned - 1.0;  // 5/6 to 11/6
    const auto hue = static_cast<float>(turned >= 1.0 ? less : turned);
    const float saturation = static_cast<float>(width) / static_cast<float>(top == 0 ? 1 : top);
    const auto h = static_cast<int32_t>(static_cast<double>(hue) * 255.0);
    const auto s = static_cast<int32_t>(static_cast<double>(saturation) * 255.0);
    out.h[i] = width == 0 ? 0 : h;
    out.s[i] = width == 0 ? 0 : s;
    out.v[i] = top;
  }
}

// round(v * part) of numbers that are not negative. Pillow's sums and products are in float64; float32 gives the same
// for each of the 2^24 pixels.
inline int32_t share(int32_t v, float part) { return static_cast<int32_t>(static_cast<float>(v) * part + 0.5F); }

// Pillow, hsv2rgb: `at` in HueTables.
inline void from_hsv(const HsvBlock& in, const HueTables& tables, PixelBlock<uint8_t>& px) {
  alignas(64) int32_t sector[kBlock], fraction[kBlock], saturation[kBlock], red[kBlock], green[kBlock], blue[kBlock];
  look_up<kBlock>(tables.sector, in.h, sector);
  look_up<kBlock>(tables.fraction, in.h, fraction);
  look_up<kBlock>(tables.saturation, in.s, saturation);
  for (int64_t i = 0; i < kBlock; ++i) {
    float f, s;
    __builtin_memcpy(&f, fraction + i, 4);
    __builtin_memcpy(&s, saturation + i, 4);
    const int32_t v = in.v[i], k = sector[i];
    const int32_t p = share(v, 1.0F - s);
    const int32_t q = share(v, 1.0F - s * f);
    const int32_t t = share(v, 1.0F - s * (1.0F - f));
    red[i] = k == 1 ? q : (k == 2) | (k == 3) ? p : k == 4 ? t : v;
    green[i] = k == 0 ? t : k == 3 ? q : (k == 4) | (k == 5) ? p : v;
    blue[i] = (k == 0) | (k == 1) ? p : k == 2 ? t : k == 5 ? q : v;
  }
  for (int64_t i = 0; i < kBlock; ++i) {
    px.channel[0][i] = static_cast<uint8_t>(red[i]);
    px.channel[1][i] = static_cast<uint8_t>(green[i]);
    px.channel[2][i] = static_cast<uint8_t>(blue[i]);
  }
}

void turn_hue(const View& src, const View& dst, int32_t shift, const HueTables& tables) {
  PixelBlock<uint8_t> px;
  HsvBlock hsv;
  for (int64_t y = 0; y < src.h; ++y)
    for_each_block(src.w, [&](int64_t x, int64_t n) {
      load_block(src, y, x, n, px);
      to_hsv(px, hsv);
      for (int64_t i = 0; i < kBlock; ++i) hsv.h[i] = (hsv.h[i] + shift) & 255;
      from_hsv(hsv, tables, px);
      store_block(px, dst, y, x, n);
    });
}
