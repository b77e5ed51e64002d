// Lab as OpenCV's 8-bit cvtColor computes it: integers and tables, which ../lab.cpp builds.

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
#if TWL_ISA == 2
  if (tables.linear16 != nullptr) return srgb_block_to_lab(px, tables);
#endif
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
#if TWL_ISA == 2
  if (tables.linear16 != nullptr && srgb_block_to_rgb(px, tables)) return;
#endif
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
