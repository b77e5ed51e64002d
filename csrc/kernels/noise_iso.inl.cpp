// Noise of a camera's sensor on 8-bit RGB: hue by a normal number, lightness by a Poisson count, in float32 HLS.
struct Hls {
  float hue, lightness, saturation;  // 0..6, 0..1, 0..1
};

inline Hls to_hls(int32_t r, int32_t g, int32_t b) {
  const int32_t max = r > g ? (r > b ? r : b) : (g > b ? g : b), min = r < g ? (r < b ? r : b) : (g < b ? g : b);
  const int32_t sum = max + min, chroma = max - min;
  const int32_t room = sum <= 255 ? sum : 510 - sum;
  const auto d = static_cast<float>(chroma > 0 ? chroma : 1);
  const int32_t turn = max == r ? g - b : max == g ? b - r : r - g;
  const float start = max == r ? 0.0F : max == g ? 2.0F : 4.0F;
  const float hue = start + static_cast<float>(turn) / d;
  return {hue < 0.0F ? hue + 6.0F : hue, static_cast<float>(sum) * (1.0F / 510.0F),
          static_cast<float>(chroma) / static_cast<float>(room > 0 ? room : 1)};
}

inline float positive(float v) { return v < 0.0F ? -v : v; }

inline uint8_t to_level(float v) { return static_cast<uint8_t>(__builtin_rintf(clamp(v, 0.0F, 1.0F) * 255.0F)); }

inline void iso_pixel(const uint8_t* const* s, uint8_t* const* d, uint32_t bits, const NoiseSpec& k,
                      const float* normals) {
  const Hls at = to_hls(*s[0], *s[1], *s[2]);
  int32_t count = 0;
  for (int64_t i = 0; i < kPoissonCounts; ++i) count += (bits >> 16) >= k.poisson[i] ? 1 : 0;
  float hue = at.hue + normal_at(normals, bits & 0xffffU) * k.first;
  hue = hue < 0.0F ? hue + 6.0F : hue;
  hue = hue >= 6.0F ? hue - 6.0F : hue;
  const float lifted = at.lightness + (1.0F - at.lightness) * (k.span * static_cast<float>(count));
  const float lightness = clamp(lifted, 0.0F, 1.0F);
  const float chroma = (1.0F - positive(lightness + lightness - 1.0F)) * at.saturation;
  const float low = lightness - chroma * 0.5F;
  *d[0] = to_level(low + chroma * clamp(positive(hue - 3.0F) - 1.0F, 0.0F, 1.0F));
  *d[1] = to_level(low + chroma * clamp(2.0F - positive(hue - 2.0F), 0.0F, 1.0F));
  *d[2] = to_level(low + chroma * clamp(2.0F - positive(hue - 4.0F), 0.0F, 1.0F));
}

void iso_noise(const View& src, const View& dst, const NoiseSpec& k, const float* normals,
               const NoiseScratch& scratch) {
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; x += scratch.elements) {
      const int64_t n = src.w - x < scratch.elements ? src.w - x : scratch.elements;
      random32(k.seed, static_cast<uint64_t>(y * src.w + x), n, scratch.bits);
      for (int64_t i = 0; i < n; ++i) {
        const uint8_t* s = src.data + y * src.sy + (x + i) * src.sx;
        uint8_t* d = dst.data + y * dst.sy + (x + i) * dst.sx;
        const uint8_t* const from[3] = {s, s + src.sc, s + 2 * src.sc};
        uint8_t* const to[3] = {d, d + dst.sc, d + 2 * dst.sc};
        iso_pixel(from, to, scratch.bits[i], k, normals);
      }
    }
}

void lightness_sums(const View& src, uint64_t* sum, uint64_t* squares) {
  *sum = *squares = 0;
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; ++x) {
      const uint8_t* p = src.data + y * src.sy + x * src.sx;
      const uint32_t r = *p, g = p[src.sc], b = p[2 * src.sc];
      const uint32_t max = r > g ? (r > b ? r : b) : (g > b ? g : b), min = r < g ? (r < b ? r : b) : (g < b ? g : b);
      *sum += max + min;
      *squares += (max + min) * (max + min);
    }
}
