// Lab with AVX-512: no lookup that does not fit registers. What OpenCV takes from long tables, the cube root and the
// gamma curve, are polynomials here, one for every quarter of an octave, fitted (linear programming over the rounding
// intervals) so that they round to the table's integer for every index there is.
#if TWL_ISA == 2

// Entry i of each: the polynomial for floats whose bits 21 to 25 are i.
// Of the index + 38: base + c1 d + c2 d^2 + c3 d^3, d the distance from an origin where the root is an integer. The
// base adds 3 * 2^22, which leaves an integer in the low bits, and takes off 2^14, which makes it fit a signed word.
alignas(64) constexpr float kRootOrigin[32] = {
    600.036072F, 728.009644F, 806.032593F, 959.027344F, 1176.94507F, 1356.03857F, 1713.98853F, 1945.03162F,
    2056.96802F, 0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,
    38.0022049F, 41.9996109F, 52.0011139F, 58.9982643F, 70.9968414F, 90.0058212F, 105.004433F, 119.000786F,
    140.004196F, 171.99028F,  210.012497F, 245.010056F, 293.0F,      350.980804F, 428.013184F, 492.03244F};
alignas(64) constexpr float kRootBase[32] = {
    12587850.0F, 12589359.0F, 12590189.0F, 12591666.0F, 12593510.0F, 12594856.0F, 12597218.0F, 12598568.0F,
    12599183.0F, 0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,
    12571048.0F, 12571548.0F, 12572799.0F, 12573656.0F, 12574815.0F, 12576172.0F, 12577022.0F, 12577707.0F,
    12578600.0F, 12579749.0F, 12580897.0F, 12581812.0F, 12582912.0F, 12584070.0F, 12585405.0F, 12586386.0F};
alignas(64) constexpr float kRoot1[32] = {
    12.645113F,       11.0283422F, 10.2693768F, 9.09778309F, 7.89684105F, 7.16438961F, 6.10379124F, 5.6003027F,
    5.38534021F,      0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,        0.0F,
    -0.000611735741F, 124.979752F, 124.967583F, 113.362679F, 83.6666031F, 61.8458328F, 52.2060814F, 45.9419518F,
    39.4613495F,      32.9019623F, 27.8422604F, 24.6249905F, 21.4165192F, 18.6804466F, 16.1361294F, 14.5774183F};
alignas(64) constexpr float kRoot2[32] = {-0.0074907816F,
                                          -0.00531562837F,
                                          -0.00445487397F,
                                          -0.00329780043F,
                                          -0.0023157096F,
                                          -0.0018160186F,
                                          -0.00121086126F,
                                          -0.000976403011F,
                                          -0.00140424399F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          -0.0162145663F,
                                          0.0278555658F,
                                          -1.78296351F,
                                          -0.858297586F,
                                          -0.399055958F,
                                          -0.256686538F,
                                          -0.193434387F,
                                          -0.128645197F,
                                          -0.0831322148F,
                                          -0.0535629131F,
                                          -0.0376962349F,
                                          -0.0280423407F,
                                          -0.0199924838F,
                                          -0.0139503935F,
                                          -0.0107452562F};
alignas(64) constexpr float kRoot3[32] = {8.37210519e-06F,
                                          4.92719983e-06F,
                                          2.99095836e-06F,
                                          1.94810718e-06F,
                                          1.19041465e-06F,
                                          7.37011817e-07F,
                                          4.5138529e-07F,
                                          3.20920236e-07F,
                                          4.86706376e-05F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          0.0F,
                                          125.831108F,
                                          0.00405245926F,
                                          0.00464001019F,
                                          0.0327927954F,
                                          0.0151515156F,
                                          0.00382988341F,
                                          0.00260279351F,
                                          0.00305598695F,
                                          0.000587070012F,
                                          0.000357633049F,
                                          0.000215470805F,
                                          0.000163787452F,
                                          6.17655678e-05F,
                                          3.68406363e-05F,
                                          1.5373018e-05F,
                                          1.29966929e-05F};
// Of the index + 18, in float bits 2^20 further on: c0 + c1 w + c2 w^2.
alignas(64) constexpr float kGamma0[32] = {
    35.3538475F, 40.8133278F, 47.5455551F, 46.4814682F, 57.7212677F, 57.5519104F,  69.6188736F, 71.6038589F,
    79.5662003F, 86.8967056F, 92.2818756F, 101.492279F, 105.962212F, -108.125F,    -19.0F,      -20.0F,
    -12.875F,    18.3500004F, -3.25F,      1.79999995F, 1.79999995F, -29.3571434F, 10.1428576F, -34.984127F,
    17.1111107F, 20.2000008F, 6.5F,        18.0787449F, 15.0370369F, 25.1462345F,  18.9509315F, 23.6466084F};
alignas(64) constexpr float kGamma1[32] = {
    0.148236036F,  0.129871517F, 0.11165981F,   0.113676868F,  0.0907678157F, 0.0911386609F, 0.0738273039F,
    0.0716861039F, 0.063497141F, 0.0572728142F, 0.0533088334F, 0.0475586392F, 0.0451432243F, 10.5F,
    1.0F,          1.0F,         0.75F,         -0.716666639F, 0.5F,          0.400000006F,  0.400000006F,
    1.25595236F,   0.285714298F, 1.13095236F,   0.222222224F,  0.200000003F,  0.367905051F,  0.247570857F,
    0.269119769F,  0.198002756F, 0.22893773F,   0.200556174F};
alignas(64) constexpr float kGamma2[32] = {-5.27342709e-05F,
                                           -3.73344228e-05F,
                                           -2.49407658e-05F,
                                           -2.58297823e-05F,
                                           -1.41272867e-05F,
                                           -1.43480256e-05F,
                                           -8.11556583e-06F,
                                           -7.55332667e-06F,
                                           -5.44399836e-06F,
                                           -4.12165946e-06F,
                                           -3.39257144e-06F,
                                           -2.49407276e-06F,
                                           -2.16742978e-06F,
                                           -0.25F,
                                           0.0F,
                                           0.0F,
                                           0.0F,
                                           0.0166666675F,
                                           0.0F,
                                           0.0F,
                                           0.0F,
                                           -0.00595238106F,
                                           0.0F,
                                           -0.0039682542F,
                                           0.0F,
                                           0.0F,
                                           -0.000515995896F,
                                           -0.000202429146F,
                                           -0.000240500245F,
                                           -0.000114784205F,
                                           -0.000152625158F,
                                           -0.000111234702F};

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

// f of integers + 38 in 15 bits, - 2^14, in the low word.
inline __m512i root_words(__m512i at) {
  const __m512 w = _mm512_cvtepi32_ps(at);
  const __m512i i = _mm512_srli_epi32(_mm512_castps_si512(w), 21);
  const __m512 d = _mm512_sub_ps(w, permute_32(kRootOrigin, i));
  const __m512 bend = _mm512_fmadd_ps(permute_32(kRoot3, i), d, permute_32(kRoot2, i));
  return _mm512_castps_si512(
      _mm512_fmadd_ps(_mm512_fmadd_ps(bend, d, permute_32(kRoot1, i)), d, permute_32(kRootBase, i)));
}

// Linear light + 18 in 12 bits to sRGB.
inline __m512i gamma_bytes(__m512i at) {
  const __m512 w = _mm512_cvtepi32_ps(at);
  const __m512i i = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(w), _mm512_set1_epi32(1 << 20)), 21);
  const __m512 slope = _mm512_fmadd_ps(permute_32(kGamma2, i), w, permute_32(kGamma1, i));
  return _mm512_cvtps_epi32(_mm512_fmadd_ps(slope, w, permute_32(kGamma0, i)));
}

inline __m512i dot(__m512i sum, __m512i a, __m512i b) { return _mm512_dpwssd_epi32(sum, a, b); }

// f(X / Xn), f(Y), f(Z / Zn) of 16 pixels: r and g in pairs, b alone.
inline void roots_of(__m512i rg, __m512i b, const int32_t* m, __m512i* f) {
  const __m512i half = _mm512_set1_epi32((1 << 11) + (38 << 12));
  for (int64_t k = 0; k < 3; ++k, m += 3)
    f[k] = root_words(_mm512_srli_epi32(dot(dot(half, rg, all_pairs(m[0], m[1])), b, all_pairs(m[2], 0)), 12));
}

// L * 255 / 100, a + 128, b + 128 of 16 pixels as integers.
inline void lab_of(const __m512i* f, __m512i* lab) {
  constexpr int32_t kScale = (116 * 255 + 50) / 100, kShift = (16 * 255 * (1 << 15) + 50) / 100;
  constexpr int32_t kHalf = 1 << 14, kNeutral = 128 << 15;
  const __m512i lightness = _mm512_set1_epi32(kHalf - kShift + (kScale << 14)),
                colour = _mm512_set1_epi32(kNeutral + kHalf);
  lab[0] = _mm512_srai_epi32(dot(lightness, f[1], all_pairs(kScale, 0)), 15);
  lab[1] = _mm512_srai_epi32(dot(colour, _mm512_sub_epi32(f[0], f[1]), all_pairs(500, 0)), 15);
  lab[2] = _mm512_srai_epi32(dot(colour, _mm512_sub_epi32(f[1], f[2]), all_pairs(200, 0)), 15);
}

inline void srgb_block_to_lab(PixelBlock<uint8_t>& px, const LabTables& t) {
  __m512i words[3][2], packed[3][2];
  for (int64_t c = 0; c < 3; ++c) {
    const __m512i v = _mm512_load_si512(px.channel[c]);
    words[c][0] = permute_words(t.linear16, _mm512_unpacklo_epi8(v, v));
    words[c][1] = permute_words(t.linear16, _mm512_unpackhi_epi8(v, v));
  }
  const __m512i zero = _mm512_setzero_si512();
  for (int64_t i = 0; i < 2; ++i) {
    const __m512i r = words[0][i], g = words[1][i], b = words[2][i];
    __m512i f[3], low[3], high[3];
    roots_of(_mm512_unpacklo_epi16(r, g), _mm512_unpacklo_epi16(b, zero), t.to_xyz, f);
    lab_of(f, low);
    roots_of(_mm512_unpackhi_epi16(r, g), _mm512_unpackhi_epi16(b, zero), t.to_xyz, f);
    lab_of(f, high);
    for (int64_t c = 0; c < 3; ++c) packed[c][i] = _mm512_packs_epi32(low[c], high[c]);
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

// 16 pixels: X and Y in pairs, Z alone.
inline void rgb_of(__m512i xy, __m512i z, const int32_t* m, __m512i* rgb) {
  const __m512i half = _mm512_set1_epi32((1 << 13) + (18 << 14));
  for (int64_t k = 0; k < 3; ++k, m += 3) {
    const __m512i v = _mm512_srai_epi32(dot(dot(half, xy, all_pairs(m[0], m[1])), z, all_pairs(m[2], 0)), 14);
    const __m512i least = _mm512_set1_epi32(18), most = _mm512_set1_epi32(18 + 4095);
    rgb[k] = gamma_bytes(_mm512_min_epi32(_mm512_max_epi32(v, least), most));
  }
}

// False, and nothing done, where a Z is more than twice as bright as white.
inline bool srgb_block_to_rgb(PixelBlock<uint8_t>& px, const LabTables& t) {
  const __m512i l = _mm512_load_si512(px.channel[0]), a = _mm512_load_si512(px.channel[1]);
  const __m512i b = _mm512_load_si512(px.channel[2]), one = _mm512_set1_epi8(1), zero = _mm512_setzero_si512();
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
    __m512i low[3], high[3];
    rgb_of(_mm512_unpacklo_epi16(x, y), _mm512_unpacklo_epi16(z, zero), t.to_rgb, low);
    rgb_of(_mm512_unpackhi_epi16(x, y), _mm512_unpackhi_epi16(z, zero), t.to_rgb, high);
    for (int64_t c = 0; c < 3; ++c) packed[c][i] = _mm512_packs_epi32(low[c], high[c]);
  }
  for (int64_t c = 0; c < 3; ++c) _mm512_store_si512(px.channel[c], _mm512_packus_epi16(packed[c][0], packed[c][1]));
  return true;
}
#endif
