// Lab with AVX-512: no lookup in what does not fit registers.
#if TWL_ISA == 2

inline __m512i all_words(int64_t v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); }

// Two words, low one first, in every lane.
inline __m512i all_pairs(int64_t low, int64_t high) {
  return _mm512_set1_epi32(
      static_cast<int32_t>((low & 0xffff) | static_cast<int64_t>(static_cast<uint64_t>(high) << 16)));
}

// table[v] for words that hold the byte v twice.
inline __m512i permute_words(const uint16_t* table, __m512i v) {
  const auto pair = [&](int64_t i) {
    return _mm512_permutex2var_epi16(_mm512_loadu_si512(table + 64 * i), v, _mm512_loadu_si512(table + 64 * i + 32));
  };
  const __mmask32 b7 = _mm512_movepi16_mask(v), b6 = _mm512_movepi16_mask(_mm512_add_epi16(v, v));
  return _mm512_mask_blend_epi16(b7, _mm512_mask_blend_epi16(b6, pair(0), pair(1)),
                                 _mm512_mask_blend_epi16(b6, pair(2), pair(3)));
}

inline __m512 permute_32(const float* table, __m512i i) {
  return _mm512_permutex2var_ps(_mm512_load_ps(table), i, _mm512_load_ps(table + 16));
}

inline __m512i dot(__m512i sum, __m512i a, __m512i b) { return _mm512_dpwssd_epi32(sum, a, b); }

// Three numbers of 32 pixels: [2 k + half], halves as unpacking within lanes leaves them. Each step is taken for all
// six before the next, so that they need not wait for one another.
constexpr int64_t kSix = 6;

// (m in + half) >> Shift, the first two of `in` in pairs.
template <int Shift>
inline void weigh(const __m512i* pairs, const __m512i* third, const int32_t* m, int32_t offset, __m512i* v) {
  for (int64_t i = 0; i < kSix; ++i)
    v[i] = dot(_mm512_set1_epi32((1 << (Shift - 1)) + (offset << Shift)), pairs[i % 2],
               all_pairs(m[i / 2 * 3], m[i / 2 * 3 + 1]));
  for (int64_t i = 0; i < kSix; ++i) v[i] = dot(v[i], third[i % 2], all_pairs(m[i / 2 * 3 + 2], 0));
  for (int64_t i = 0; i < kSix; ++i) v[i] = _mm512_srai_epi32(v[i], Shift);
}

// f of integers + 38 in 15 bits, - 2^14, in the low words.
inline void take_roots(__m512i* v) {
  __m512 d[kSix], f[kSix];
  __m512i at[kSix];
  for (int64_t i = 0; i < kSix; ++i) d[i] = _mm512_cvtepi32_ps(v[i]);
  for (int64_t i = 0; i < kSix; ++i) at[i] = _mm512_srli_epi32(_mm512_castps_si512(d[i]), 21);
  for (int64_t i = 0; i < kSix; ++i) d[i] = _mm512_sub_ps(d[i], permute_32(kRootOrigin, at[i]));
  for (int64_t i = 0; i < kSix; ++i) f[i] = permute_32(kRoot3, at[i]);
  for (int64_t i = 0; i < kSix; ++i) f[i] = _mm512_fmadd_ps(f[i], d[i], permute_32(kRoot2, at[i]));
  for (int64_t i = 0; i < kSix; ++i) f[i] = _mm512_fmadd_ps(f[i], d[i], permute_32(kRoot1, at[i]));
  for (int64_t i = 0; i < kSix; ++i) f[i] = _mm512_fmadd_ps(f[i], d[i], permute_32(kRootBase, at[i]));
  for (int64_t i = 0; i < kSix; ++i) v[i] = _mm512_castps_si512(f[i]);
}

// Linear light + 18 in 12 bits to sRGB.
inline void take_gamma(__m512i* v) {
  __m512 w[kSix], f[kSix];
  __m512i at[kSix];
  for (int64_t i = 0; i < kSix; ++i) v[i] = _mm512_max_epi32(v[i], _mm512_set1_epi32(18));
  for (int64_t i = 0; i < kSix; ++i) v[i] = _mm512_min_epi32(v[i], _mm512_set1_epi32(18 + 4095));
  for (int64_t i = 0; i < kSix; ++i) w[i] = _mm512_cvtepi32_ps(v[i]);
  for (int64_t i = 0; i < kSix; ++i)
    at[i] = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(w[i]), _mm512_set1_epi32(1 << 20)), 21);
  for (int64_t i = 0; i < kSix; ++i) f[i] = permute_32(kGamma2, at[i]);
  for (int64_t i = 0; i < kSix; ++i) f[i] = _mm512_fmadd_ps(f[i], w[i], permute_32(kGamma1, at[i]));
  for (int64_t i = 0; i < kSix; ++i) f[i] = _mm512_fmadd_ps(f[i], w[i], permute_32(kGamma0, at[i]));
  for (int64_t i = 0; i < kSix; ++i) v[i] = _mm512_cvtps_epi32(f[i]);
}

// L * 255 / 100, a + 128, b + 128.
inline void take_lab(__m512i* f) {
  constexpr int32_t kScale = (116 * 255 + 50) / 100, kShift = (16 * 255 * (1 << 15) + 50) / 100;
  constexpr int32_t kHalf = 1 << 14, kNeutral = 128 << 15;
  const __m512i lightness = _mm512_set1_epi32(kHalf - kShift + (kScale << 14));
  const __m512i colour = _mm512_set1_epi32(kNeutral + kHalf);
  for (int64_t i = 0; i < 2; ++i) {
    const __m512i x = f[i], y = f[2 + i], z = f[4 + i];
    f[i] = _mm512_srai_epi32(dot(lightness, y, all_pairs(kScale, 0)), 15);
    f[2 + i] = _mm512_srai_epi32(dot(colour, _mm512_sub_epi32(x, y), all_pairs(500, 0)), 15);
    f[4 + i] = _mm512_srai_epi32(dot(colour, _mm512_sub_epi32(y, z), all_pairs(200, 0)), 15);
  }
}

// Words a and b of 32 pixels in pairs.
inline void pair_words(__m512i a, __m512i b, __m512i* pairs) {
  pairs[0] = _mm512_unpacklo_epi16(a, b);
  pairs[1] = _mm512_unpackhi_epi16(a, b);
}

inline void srgb_block_to_lab(PixelBlock<uint8_t>& px, const LabTables& t) {
  __m512i words[3][2], packed[3][2];
  for (int64_t c = 0; c < 3; ++c) {
    const __m512i v = _mm512_load_si512(px.channel[c]);
    words[c][0] = permute_words(t.linear16, _mm512_unpacklo_epi8(v, v));
    words[c][1] = permute_words(t.linear16, _mm512_unpackhi_epi8(v, v));
  }
  for (int64_t i = 0; i < 2; ++i) {
    __m512i rg[2], b[2], v[kSix];
    pair_words(words[0][i], words[1][i], rg);
    pair_words(words[2][i], _mm512_setzero_si512(), b);
    weigh<12>(rg, b, t.to_xyz, 38, v);
    take_roots(v);
    take_lab(v);
    for (int64_t c = 0; c < 3; ++c) packed[c][i] = _mm512_packs_epi32(v[2 * c], v[2 * c + 1]);
  }
  for (int64_t c = 0; c < 3; ++c) _mm512_store_si512(px.channel[c], _mm512_packus_epi16(packed[c][0], packed[c][1]));
}

// m v + ((p v + e) k >> 16) of words v + 2^8.
template <int64_t M, int64_t P, int64_t E, int64_t K>
inline __m512i multiple(__m512i v) {
  const __m512i fraction = _mm512_maddubs_epi16(v, all_words(P | E << 8));
  return _mm512_add_epi16(_mm512_maddubs_epi16(v, all_words(M)), _mm512_mulhi_epu16(fraction, all_words(K)));
}

// inverse_root of words that are at most kLargestRoot: 108 j / 841 is estimated and put right by what remains.
constexpr int32_t kLargestRoot = 20642;  // its cube, shifted, still fits a signed word

inline __m512i inverse_root_words(__m512i j) {
  const __m512i twice = _mm512_add_epi16(j, j), square = _mm512_mulhi_epu16(twice, twice);
  const __m512i cube = _mm512_mulhi_epu16(_mm512_add_epi16(square, square), twice);
  const __m512i about = _mm512_mulhi_epi16(_mm512_slli_epi16(j, 2), all_words(2104));
  const __m512i rest =
      _mm512_sub_epi16(_mm512_mullo_epi16(j, all_words(108)), _mm512_mullo_epi16(about, all_words(841)));
  const __m512i least = _mm512_mask_blend_epi16(_mm512_movepi16_mask(j), all_words(841), all_words(1));
  const __m512i line = _mm512_mask_sub_epi16(about, _mm512_cmpge_epi16_mask(rest, least), about, all_words(-1));
  return _mm512_mask_sub_epi16(cube, _mm512_cmple_epi16_mask(j, all_words(3390)), line, all_words(290));
}

// False, and nothing done, where a Z is more than twice as bright as white.
inline bool srgb_block_to_rgb(PixelBlock<uint8_t>& px, const LabTables& t) {
  const __m512i l = _mm512_load_si512(px.channel[0]), a = _mm512_load_si512(px.channel[1]);
  const __m512i b = _mm512_load_si512(px.channel[2]), one = _mm512_set1_epi8(1);
  const __m512i lightness[2] = {_mm512_unpacklo_epi8(l, one), _mm512_unpackhi_epi8(l, one)};
  const __m512i red[2] = {_mm512_unpacklo_epi8(a, one), _mm512_unpackhi_epi8(a, one)};
  const __m512i blue[2] = {_mm512_unpacklo_epi8(b, one), _mm512_unpackhi_epi8(b, one)};
  __m512i fx[2], fz[2], packed[3][2];
  __mmask32 beyond = 0;
  for (int64_t i = 0; i < 2; ++i) {
    const __m512i f = multiple<55, 16, 15, 1593>(lightness[i]);
    fx[i] = _mm512_add_epi16(_mm512_add_epi16(f, multiple<32, 54, 1, 932>(red[i])), all_words(2260 - 4194));
    fz[i] = _mm512_sub_epi16(_mm512_add_epi16(f, all_words(2260 + 10484)), multiple<81, 32, 1, 1884>(blue[i]));
    beyond |= _mm512_cmpgt_epi16_mask(fz[i], all_words(kLargestRoot));
  }
  if (beyond != 0) return false;
  const __m512i doubled[2] = {_mm512_unpacklo_epi8(l, l), _mm512_unpackhi_epi8(l, l)};
  for (int64_t i = 0; i < 2; ++i) {
    const __m512i x = inverse_root_words(fx[i]), z = inverse_root_words(fz[i]);
    const __m512i y = permute_words(t.luminance16, doubled[i]);
    __m512i xy[2], alone[2], v[kSix];
    pair_words(x, y, xy);
    pair_words(z, _mm512_setzero_si512(), alone);
    weigh<14>(xy, alone, t.to_rgb, 18, v);
    take_gamma(v);
    for (int64_t c = 0; c < 3; ++c) packed[c][i] = _mm512_packs_epi32(v[2 * c], v[2 * c + 1]);
  }
  for (int64_t c = 0; c < 3; ++c) _mm512_store_si512(px.channel[c], _mm512_packus_epi16(packed[c][0], packed[c][1]));
  return true;
}
#endif
