// Interleaved 8-bit RGB from places along a line, 16 pixels at a time: four bytes are read of each, three kept.

// Coordinates in 16 bits and 16 behind the point: those of pixel i are x + dx * i and y + dy * i.
struct FixedLine {
  int64_t x, y, dx, dy;
};

#if TWL_ISA == 2
// clang-format off
// Four pixels of four bytes in a lane become twelve bytes, then those of the four lanes lie behind each other.
alignas(16) constexpr int8_t kThreeOfFour[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1};
alignas(64) constexpr int32_t kTwelveOfSixteen[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15};
alignas(64) constexpr int32_t kLanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
// clang-format on
#endif

// Pixels first .. end of a row that begins at d, all of them from inside of the source. Returns how far it came.
inline int64_t gather_rgb(const View& src, const FixedLine& line, int64_t first, int64_t end, uint8_t* d) {
  int64_t i = first;
#if TWL_ISA == 2
  constexpr int64_t kLongest = 1 << 15;  // what a coordinate holds
  const int64_t pitch = src.sy < 0 ? -src.sy : src.sy;
  if (src.h >= kLongest || src.w >= kLongest || pitch * src.h >= (int64_t{1} << 31)) return first;
  const auto all = [](int64_t v) { return _mm512_set1_epi32(static_cast<int32_t>(v)); };
  const __m512i lanes = _mm512_load_si512(kLanes);
  const __m512i across = _mm512_mullo_epi32(lanes, all(line.dx)), down = _mm512_mullo_epi32(lanes, all(line.dy));
  const __m512i bytes = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(kThreeOfFour)));
  const __m512i words = _mm512_load_si512(kTwelveOfSixteen);
  for (; i + 16 <= end; i += 16) {
    const __m512i x = _mm512_srai_epi32(_mm512_add_epi32(all(line.x + line.dx * i), across), 16);
    const __m512i y = _mm512_srai_epi32(_mm512_add_epi32(all(line.y + line.dy * i), down), 16);
    // Behind the last column there may be nothing to read.
    if (_mm512_cmpeq_epi32_mask(x, all(src.w - 1)) != 0) return i;
    const __m512i at = _mm512_add_epi32(_mm512_mullo_epi32(y, all(src.sy)), _mm512_mullo_epi32(x, all(3)));
    const __m512i px = _mm512_shuffle_epi8(_mm512_i32gather_epi32(at, src.data, 1), bytes);
    _mm512_mask_storeu_epi32(d + 3 * i, 0x0fff, _mm512_permutexvar_epi32(words, px));
  }
#else
  (void)src, (void)line, (void)end, (void)d;
#endif
  return i;
}
