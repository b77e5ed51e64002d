// Noise of a camera's sensor on 8-bit RGB: hue by a normal number, lightness by a Poisson count, in float32 HLS. Loops
// over short blocks, without branches, which compilers vectorise.
constexpr int64_t kIsoBlock = 64;

struct IsoBlock {
  alignas(64) int32_t r[kIsoBlock], g[kIsoBlock], b[kIsoBlock];
  alignas(64) float hue[kIsoBlock], lightness[kIsoBlock], saturation[kIsoBlock];  // 0..6, 0..1, 0..1
  alignas(64) float turned[kIsoBlock], raised[kIsoBlock];                         // by noise
};

inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

inline void to_hls(IsoBlock& k) {
  for (int64_t i = 0; i < kIsoBlock; ++i) {
    const int32_t r = k.r[i], g = k.g[i], b = k.b[i];
    const int32_t max = larger(larger(r, g), b), min = smaller(smaller(r, g), b);
    const int32_t sum = max + min, chroma = max - min;
    const int32_t turn_gb = max == g ? b - r : r - g, turn = max == r ? g - b : turn_gb;
    const float start_gb = max == g ? 2.0F : 4.0F, start = max == r ? 0.0F : start_gb;
    const float hue = start + static_cast<float>(turn) / static_cast<float>(larger(chroma, 1));
    const float around = hue + 6.0F;
    k.hue[i] = hue < 0.0F ? around : hue;
    k.lightness[i] = static_cast<float>(sum) * (1.0F / 510.0F);
    k.saturation[i] = static_cast<float>(chroma) / static_cast<float>(larger(smaller(sum, 510 - sum), 1));
  }
}

inline void draw_iso(IsoBlock& block, const uint32_t* bits, const NoiseSpec& k, const float* normals) {
  for (int64_t i = 0; i < kIsoBlock; ++i) block.turned[i] = normal_at(normals, bits[i] & 0xffffU) * k.first;
  int32_t count[kIsoBlock] = {};
  for (int t = 0; t < kPoissonCounts; ++t)
    for (int64_t i = 0; i < kIsoBlock; ++i) count[i] += (bits[i] >> 16) >= k.poisson[t] ? 1 : 0;
  for (int64_t i = 0; i < kIsoBlock; ++i) block.raised[i] = k.span * static_cast<float>(count[i]);
}

inline float positive(float v) { return v < 0.0F ? -v : v; }

// Adding and taking away 2^23 rounds to even, as rint, what is below it.
inline int32_t to_level(float v) {
  return static_cast<int32_t>((clamp(v, 0.0F, 1.0F) * 255.0F + 8388608.0F) - 8388608.0F);
}

inline void to_rgb(IsoBlock& k) {
  for (int64_t i = 0; i < kIsoBlock; ++i) {
    const float moved = k.hue[i] + k.turned[i], above = moved + 6.0F, up = moved < 0.0F ? above : moved;
    const float below = up - 6.0F, hue = up >= 6.0F ? below : up;
    const float lightness = clamp(k.lightness[i] + (1.0F - k.lightness[i]) * k.raised[i], 0.0F, 1.0F);
    const float chroma = (1.0F - positive(lightness + lightness - 1.0F)) * k.saturation[i];
    const float low = lightness - chroma * 0.5F;
    k.r[i] = to_level(low + chroma * clamp(positive(hue - 3.0F) - 1.0F, 0.0F, 1.0F));
    k.g[i] = to_level(low + chroma * clamp(2.0F - positive(hue - 2.0F), 0.0F, 1.0F));
    k.b[i] = to_level(low + chroma * clamp(2.0F - positive(hue - 4.0F), 0.0F, 1.0F));
  }
}

void iso_noise(const View& src, const View& dst, const NoiseSpec& k, const float* normals, const NoiseScratch&) {
  IsoBlock block = {};
  alignas(64) uint32_t bits[kIsoBlock] = {};
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; x += kIsoBlock) {
      const int64_t n = src.w - x < kIsoBlock ? src.w - x : kIsoBlock;
      random32(k.seed, static_cast<uint64_t>(y * src.w + x), n, bits);
      const uint8_t* s = src.data + y * src.sy + x * src.sx;
      for (int64_t i = 0; i < n; ++i) {
        block.r[i] = s[i * src.sx];
        block.g[i] = s[i * src.sx + src.sc];
        block.b[i] = s[i * src.sx + 2 * src.sc];
      }
      to_hls(block);
      draw_iso(block, bits, k, normals);
      to_rgb(block);
      uint8_t* d = dst.data + y * dst.sy + x * dst.sx;
      for (int64_t i = 0; i < n; ++i) {
        d[i * dst.sx] = static_cast<uint8_t>(block.r[i]);
        d[i * dst.sx + dst.sc] = static_cast<uint8_t>(block.g[i]);
        d[i * dst.sx + 2 * dst.sc] = static_cast<uint8_t>(block.b[i]);
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
