// The horizontal pass with AVX-512 where windows lie close enough: one load and one permutation bring the sixteen bytes
// that each lane needs, one shuffle puts four taps of every value side by side. See Spread.

constexpr int64_t kSpreadGroups = 3;  // of taps, in registers

// Groups of four taps in `px`, by Horner's rule over the digits of their weights: 2^21 is 32 * 2^16.
template <int G>
inline __attribute__((always_inline)) __m512i by_digits(const __m512i (&px)[G], const __m512i (&k)[G][3]) {
  __m512i sum = _mm512_set1_epi32(kHalf >> 16);
  for (int digit = 2; digit >= 0; --digit) {
    for (int g = 0; g < G; ++g) sum = _mm512_dpbusd_epi32(sum, px[g], k[g][digit]);
    if (digit > 0) sum = _mm512_slli_epi32(sum, 8);
  }
  return _mm512_srai_epi32(sum, 22);
}

template <int G>
inline __attribute__((always_inline)) __m512i spread_values(const uint8_t* row, const Spread& s, __m512i dwords,
                                                            int64_t group_bytes, const __m512i (&k)[G][3]) {
  const __m512i picks = _mm512_load_si512(s.picks);
  __m512i px[G];
  for (int g = 0; g < G; ++g) {
    const __m512i bytes = _mm512_loadu_si512(row + s.at + g * group_bytes);
    px[g] = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(dwords, bytes), picks);
  }
  return by_digits<G>(px, k);
}

inline __m512i pack_bytes(__m512i a, __m512i b, __m512i c, __m512i d) {
  return _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
}

// The weights of four blocks of sixteen outputs of one value each, of which the last there is comes `last` blocks on;
// or of four blocks of four outputs, each of them repeated for the values of its pixel.
template <int G, bool Pixels>
inline void spread_weights(__m512i (&out)[4][G][3], const int32_t* k, int64_t stride, int64_t last) {
  const __m512i four = _mm512_set1_epi32(4);
  for (int g = 0; g < G; ++g)
    for (int digit = 0; digit < 3; ++digit, k += stride) {
      __m512i at = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
      for (int b = 0; b < 4; ++b, at = _mm512_add_epi32(at, four)) {
        const int32_t* own = Pixels ? k : k + 16 * (b < last ? b : last);
        out[b][g][digit] = _mm512_loadu_si512(own);
        if (Pixels) out[b][g][digit] = _mm512_permutexvar_epi32(at, out[b][g][digit]);
      }
    }
}

// Outputs first .. of C channels, pixels P bytes apart, four blocks at a time; `first` begins a block, and blocks
// behind the last repeat it.
template <int C, int P, int G>
void h_spread(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t first, int64_t n,
              const FixedWeights& w) {
  constexpr int64_t each = P == 1 ? 16 : 4;  // outputs of a block
  // A dword holds four outputs, or one pixel; a lane of the packed vector holds one of each block's.
  const __m512i blocks = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i compact = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i close = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
  const int64_t last = (first + n - 1) / each;
  const uintptr_t below = rows > 1 ? rows_on(src[0], src[1], rows) : 0;
  for (int64_t i = 0; i < n; i += 4 * each) {
    const int64_t block = (first + i) / each;
    const Spread* s[4];
    __m512i dwords[4], k[4][G][3];
    for (int64_t b = 0; b < 4; ++b) {
      s[b] = w.spread + (block + b < last ? block + b : last);
      dwords[b] = _mm512_load_si512(s[b]->dwords);
    }
    spread_weights<G, P != 1>(k, w.bytes + first + i, w.stride, last - block);
    for (int64_t r = 0; r < rows; ++r) {
      prefetch(src[r], below + static_cast<uintptr_t>(s[0]->at));  // the blocks' windows span a line or two
      prefetch(src[r], below + static_cast<uintptr_t>(s[2]->at));
      const auto values = [&](int b) { return spread_values<G>(src[r], *s[b], dwords[b], 4 * P, k[b]); };
      __m512i out = _mm512_permutexvar_epi32(blocks, pack_bytes(values(0), values(1), values(2), values(3)));
      if (C == 3) out = _mm512_permutexvar_epi32(close, _mm512_shuffle_epi8(out, compact));
      _mm512_storeu_si512(dst[r] + i * C, out);
    }
  }
}

template <int C, int P>
bool h_spread_rows(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t first, int64_t n,
                   const FixedWeights& w) {
  constexpr int64_t most = 16, each = P == 1 ? 16 : 4;
  if (w.spread == nullptr || w.groups > kSpreadGroups) return false;
  const int64_t lead = first % each;
  for (int64_t at = 0; at < rows; at += most) {
    uint8_t* to[most];
    const int64_t count = rows - at < most ? rows - at : most;
    for (int64_t r = 0; r < count; ++r) to[r] = dst[at + r] - lead * C;
    const auto run = w.groups == 1 ? h_spread<C, P, 1> : w.groups == 2 ? h_spread<C, P, 2> : h_spread<C, P, 3>;
    run(src + at, to, count, first - lead, n + lead, w);
  }
  return true;
}
