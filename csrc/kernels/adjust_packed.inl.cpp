// Brightness, contrast and saturation of interleaved 8-bit RGB with AVX-512, in words of 16 bits (see WordFactor), and
// without parting the channels: one stage after the other on strips that stay in the first cache.
#if TWL_ISA > 1
constexpr int64_t kStrip = 2048;  // pixels

inline bool is_packed(const View& v) { return v.sc == 1 && v.sx == 3; }

inline __mmask64 first_bytes(int64_t n) { return n < 64 ? (__mmask64{1} << n) - 1 : ~__mmask64{0}; }

// Runs f(bytes) on n bytes, `step` of each register at a time. The next register is read before the last is written:
// dst may be src, and a load that meets a store under way waits for it.
template <int64_t step, typename F>
inline __attribute__((always_inline)) void for_bytes(const uint8_t* src, uint8_t* dst, int64_t n, F f) {
  const __mmask64 whole = first_bytes(step);
  int64_t i = 0;
  if (n >= 64) {
    __m512i now = _mm512_loadu_si512(src);
    for (; i + step + 64 <= n; i += step) {
      const __m512i next = _mm512_loadu_si512(src + i + step);
      if (step == 64)
        _mm512_storeu_si512(dst + i, f(now));
      else
        _mm512_mask_storeu_epi8(dst + i, whole, f(now));
      now = next;
    }
  }
  for (; i < n; i += step) {
    const __m512i now = _mm512_maskz_loadu_epi8(first_bytes(n - i), src + i);
    _mm512_mask_storeu_epi8(dst + i, whole & first_bytes(n - i), f(now));
  }
}

// Sixteen pixels, one in four bytes. Dwords 3, 7, 11 and 15 of the closed form hold nothing.
//   rgbr gbrg brgb ....  ->  r g b g  r g b g  r g b g  r g b g
inline __m512i open_pixels(__m512i bytes) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const __m512i rgbg = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, bytes), rgbg);
}

//   r b r b r b r b g g g g g g g g  ->  48 bytes
inline __m512i close_pixels(__m512i bytes) {
  const __m512i rgb = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 8, 1, 2, 10, 3, 4, 12, 5, 6, 14, 7, -1, -1, -1, -1));
  const __m512i close = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
  return _mm512_permutexvar_epi32(close, _mm512_shuffle_epi8(bytes, rgb));
}

// The weights of r, g, b and g, a half each, in two digits of eight bits with a sign.
struct GrayDigits {
  __m512i high, low;
  explicit GrayDigits(const GrayWeights& k) {
    const uint32_t part[4] = {k.fixed[0], k.fixed[1] / 2, k.fixed[2], k.fixed[1] - k.fixed[1] / 2};
    uint32_t digits[2] = {};
    for (int i = 0; i < 4; ++i) {
      digits[0] |= ((part[i] + 128) >> 8) << (8 * i);
      digits[1] |= (part[i] & 255) << (8 * i);
    }
    high = _mm512_set1_epi32(static_cast<int32_t>(digits[0]));
    low = _mm512_set1_epi32(static_cast<int32_t>(digits[1]));
  }
  // The sum of 16 bits behind the point and 8 before it, by Horner's rule: the gray is byte 2.
  __m512i operator()(__m512i rgbg) const {
    const __m512i sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(128), rgbg, high);
    return _mm512_dpbusd_epi32(_mm512_slli_epi32(sum, 8), rgbg, low);
  }
};

// d + whole * w + (w * part >> 16), w = v - d. Split: below 0 another part.
template <int Whole, bool Split>
struct Blend {
  __m512i part, below;
  explicit Blend(const WordFactor& k) : part(_mm512_set1_epi16(k.part)), below(_mm512_set1_epi16(k.below)) {}
  __m512i operator()(__m512i v, __m512i d) const {
    const __m512i w = _mm512_sub_epi16(v, d);
    __m512i more = _mm512_mulhi_epi16(w, part);
    if (Split) more = _mm512_mask_mulhi_epi16(more, _mm512_movepi16_mask(w), w, below);
    if (Whole == 0) return _mm512_add_epi16(d, more);
    return _mm512_add_epi16(Whole == 1 ? v : _mm512_add_epi16(v, w), more);
  }
};

template <typename Blend>
void blend_packed(const uint8_t* src, uint8_t* dst, int64_t pixels, const AdjustStage& stage) {
  const __m512i zero = _mm512_setzero_si512(), d = _mm512_set1_epi16(stage.value);
  const Blend blend(stage.words);
  for_bytes<64>(src, dst, 3 * pixels, [&](__m512i v) {
    return _mm512_packus_epi16(blend(_mm512_unpacklo_epi8(v, zero), d), blend(_mm512_unpackhi_epi8(v, zero), d));
  });
}

template <typename Blend>
void saturate_packed(const uint8_t* src, uint8_t* dst, int64_t pixels, const AdjustStage& stage,
                     const GrayWeights& weights) {
  const GrayDigits gray(weights);
  const Blend blend(stage.words);
  const __m512i low = _mm512_set1_epi16(255);
  const __m512i both =
      _mm512_broadcast_i32x4(_mm_setr_epi8(2, -1, 2, -1, 6, -1, 6, -1, 10, -1, 10, -1, 14, -1, 14, -1));
  for_bytes<48>(src, dst, 3 * pixels, [&](__m512i bytes) {
    const __m512i px = open_pixels(bytes), d = _mm512_shuffle_epi8(gray(px), both);
    const __m512i rb = blend(_mm512_and_si512(px, low), d);
    const __m512i gg = blend(_mm512_srli_epi16(px, 8), d);
    return close_pixels(_mm512_packus_epi16(rb, gg));
  });
}

// Factors that do not fit into words, in float32.
void saturate_floats(const uint8_t* src, uint8_t* dst, int64_t pixels, const AdjustStage& stage,
                     const GrayWeights& weights) {
  PixelBlock<uint8_t> px;
  alignas(64) uint8_t gray[kBlock];
  const View from{const_cast<uint8_t*>(src), 1, pixels, 3, 3 * pixels, 3, 1, DType::u8};
  const View to{dst, 1, pixels, 3, 3 * pixels, 3, 1, DType::u8};
  for (int64_t x = 0; x < pixels; x += kBlock) {
    const int64_t n = pixels - x < kBlock ? pixels - x : kBlock;
    load_block(from, 0, x, n, px);
    gray_block(px, weights, gray);
    for (auto& channel : px.channel) blend_block(gray, stage.factor, channel);
    store_block(px, to, 0, x, n);
  }
}

template <typename Blend>
void blend_by(const uint8_t* src, uint8_t* dst, int64_t pixels, const AdjustStage& stage, const GrayWeights& weights) {
  if (stage.kind == AdjustStage::Kind::toward_value)
    blend_packed<Blend>(src, dst, pixels, stage);
  else
    saturate_packed<Blend>(src, dst, pixels, stage, weights);
}

inline void adjust_packed(const uint8_t* src, uint8_t* dst, int64_t pixels, const AdjustStage& stage,
                          const GrayWeights& weights) {
  if (stage.kind == AdjustStage::Kind::table) return lut_apply(src, dst, 3 * pixels, stage.table);
  const WordFactor& k = stage.words;
  const auto run = !k.exact            ? saturate_floats
                   : k.whole == 2      ? blend_by<Blend<2, true>>
                   : k.part == k.below ? (k.whole == 0 ? blend_by<Blend<0, false>> : blend_by<Blend<1, false>>)
                   : k.whole == 0      ? blend_by<Blend<0, true>>
                                       : blend_by<Blend<1, true>>;
  run(src, dst, pixels, stage, weights);
}

inline uint64_t sum_packed(const uint8_t* src, int64_t pixels, const GrayWeights& weights) {
  const GrayDigits gray(weights);
  const auto add = [&](__m512i sum, __m512i bytes) {
    return _mm512_add_epi32(sum, _mm512_srli_epi32(gray(open_pixels(bytes)), 16));
  };
  __m512i sum = _mm512_setzero_si512();  // a black pixel's gray is 0: what lies behind the last one counts nothing
  int64_t i = 0, n = 3 * pixels;
  for (; i + 64 <= n; i += 48) sum = add(sum, _mm512_loadu_si512(src + i));
  for (; i < n; i += 48) sum = add(sum, _mm512_maskz_loadu_epi8(first_bytes(n - i), src + i));
  return static_cast<uint64_t>(_mm512_reduce_add_epi32(sum));
}

uint64_t adjust_strips(const View& src, const View* dst, const AdjustStage* stages, int64_t count,
                       const GrayWeights& weights, bool sums) {
  alignas(64) uint8_t strip[3 * kStrip];
  uint64_t total = 0;
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; x += kStrip) {
      const int64_t n = src.w - x < kStrip ? src.w - x : kStrip;
      const uint8_t* from = src.data + y * src.sy + 3 * x;
      uint8_t* to = dst == nullptr ? strip : dst->data + y * dst->sy + 3 * x;
      for (int64_t i = 0; i < count; ++i, from = to) adjust_packed(from, to, n, stages[i], weights);
      if (sums) total += sum_packed(from, n, weights);
    }
  return total;
}
#endif

uint64_t run_adjust(const View& src, const View* dst, const AdjustStage* stages, int64_t count,
                    const GrayWeights& weights, bool sums) {
#if TWL_ISA > 1
  if (is_packed(src) && (dst == nullptr || is_packed(*dst)))
    return adjust_strips(src, dst, stages, count, weights, sums);
#endif
  return adjust_blocks(src, dst, stages, count, weights, sums);
}
