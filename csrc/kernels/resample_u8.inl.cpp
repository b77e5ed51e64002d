// Pillow's 8-bit resampling: out = clip((2^21 + sum k * px) >> 22) with 22-bit weights k (Pillow,
// src/libImaging/Resample.c). The SIMD forms split k so that the products fit narrower multipliers; the sum modulo 2^32
// is the same.

constexpr int32_t kHalf = 1 << 21;

inline uint8_t clip8(int32_t sum) {
  const int32_t v = sum >> 22;
  return static_cast<uint8_t>(v < 0 ? 0 : v > 255 ? 255 : v);
}

void h_scalar(const uint8_t* src, uint8_t* dst, int64_t channels, int64_t pixel, int64_t first, int64_t n,
              const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  for (int64_t i = 0; i < n; ++i) {
    const int32_t* k = w.k + first + i;
    const uint8_t* p = src + w.start[first + i] * pixel;
    for (int64_t c = 0; c < channels; ++c) {
      int32_t sum = kHalf;
      for (int64_t t = 0; t < taps; ++t) sum += k[t * w.stride] * p[t * pixel + c];
      dst[i * channels + c] = clip8(sum);
    }
  }
}

#if TWL_ISA < 2
void v_scalar(const uint8_t* const* src, uint8_t* dst, int64_t begin, int64_t end, int64_t output,
              const FixedWeights& w) {
  const int64_t taps = w.groups * 4;
  const int32_t* k = w.k + output;
  for (int64_t j = begin; j < end; ++j) {
    int32_t sum = kHalf;
    for (int64_t t = 0; t < taps; ++t) sum += k[t * w.stride] * src[t][j];
    dst[j] = clip8(sum);
  }
}
#endif

#if TWL_ISA > 0
// How far below row a the n-th next lies if b is the next and rows lie evenly: the walk down the image gets there a
// group of rows later, and processors prefetch no further than a page. Addresses are numbers here, for they may name no
// memory.
inline uintptr_t rows_on(const uint8_t* a, const uint8_t* b, int64_t n) {
  return static_cast<uintptr_t>(n) * (reinterpret_cast<uintptr_t>(b) - reinterpret_cast<uintptr_t>(a));
}

inline void prefetch(const uint8_t* row, uintptr_t offset) {
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(row) + offset), _MM_HINT_T0);
}
#endif

#if TWL_ISA == 2
#include "resample_u8_avx512.inl.cpp"
#elif TWL_ISA == 1
#include "resample_u8_avx2.inl.cpp"
#else

void resample_v_u8(const uint8_t* const* src, uint8_t* dst, int64_t n, int64_t output, const FixedWeights& w) {
  v_scalar(src, dst, 0, n, output, w);
}

#endif

void resample_h_u8(const uint8_t* const* src, uint8_t* const* dst, int64_t rows, int64_t channels, int64_t pixel,
                   int64_t first, int64_t n, const FixedWeights& w) {
#if TWL_ISA > 0
#if TWL_ISA == 2
  const auto spread = channels == 1                 ? h_spread_rows<1, 1>
                      : channels == 3 && pixel == 3 ? h_spread_rows<3, 3>
                      : channels == 3               ? h_spread_rows<3, 4>
                                                    : h_spread_rows<4, 4>;
  if ((channels == 1 || channels == 3 || channels == 4) && spread(src, dst, rows, first, n, w)) return;
#endif
  if (channels == 3 || channels == 4) {
    for (int64_t r = 0; r < rows; r += 4) {
      const uint8_t* row[4];
      uint8_t* out[4];
      for (int64_t k = 0; k < 4; ++k) {
        const int64_t at = r + k < rows ? r + k : rows - 1;
        row[k] = src[at];
        out[k] = dst[at];
      }
      (channels == 4 ? h_rows<4, 4> : pixel == 4 ? h_rows<3, 4> : h_rows<3, 3>)(row, out, first, n, w);
    }
    return;
  }
  if (channels == 1) {
    for (int64_t r = 0; r < rows; ++r) h_gray(src[r], dst[r], first, n, w);
    return;
  }
#endif
  for (int64_t r = 0; r < rows; ++r) h_scalar(src[r], dst[r], channels, pixel, first, n, w);
}
