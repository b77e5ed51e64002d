// dst[i] = table[src[i]].
void lut_apply(const uint8_t* src, uint8_t* dst, int64_t n, const uint8_t* table) {
  int64_t i = 0;
#if TWL_ISA == 2
  // The table in four registers of 16-bit words; a pixel's upper seven bits choose the word, its lowest bit the byte.
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  const __m512i low = _mm512_set1_epi16(0x00ff);
  const auto look_up = [&](__m512i words) {  // 32 pixels, one a word
    const __m512i at = _mm512_srli_epi16(words, 1);
    const __m512i lower = _mm512_permutex2var_epi16(t0, at, t1), upper = _mm512_permutex2var_epi16(t2, at, t3);
    const __m512i pair = _mm512_mask_blend_epi16(_mm512_movepi16_mask(_mm512_slli_epi16(words, 8)), lower, upper);
    const __mmask32 odd = _mm512_test_epi16_mask(words, _mm512_set1_epi16(1));
    return _mm512_and_si512(_mm512_mask_srli_epi16(pair, odd, pair, 8), low);
  };
  for (; i + 64 <= n; i += 64) {
    const __m512i px = _mm512_loadu_si512(src + i);
    const __m512i even = look_up(_mm512_and_si512(px, low)), odd = look_up(_mm512_srli_epi16(px, 8));
    _mm512_storeu_si512(dst + i, _mm512_or_si512(even, _mm512_slli_epi16(odd, 8)));
  }
#endif
  for (; i + 8 <= n; i += 8) {
    uint64_t px, out = 0;
    __builtin_memcpy(&px, src + i, 8);
    for (int k = 0; k < 64; k += 8) out |= static_cast<uint64_t>(table[(px >> k) & 0xff]) << k;
    __builtin_memcpy(dst + i, &out, 8);
  }
  for (; i < n; ++i) dst[i] = table[src[i]];
}
