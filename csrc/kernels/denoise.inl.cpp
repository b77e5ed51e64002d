// Non-local means. One shift of the picture at a time over a strip of rows: squares of differences, running sums down
// the window, sums along it, a weight for each, and the weighted pixels added up. No sum passes 2^31.

inline uint16_t squared(uint8_t a, uint8_t b) {
  const auto d = static_cast<int16_t>(a - b);
  return static_cast<uint16_t>(d * d);  // at most 255^2
}

void add_squares(const uint8_t* a, const uint8_t* b, int64_t n, int32_t* __restrict columns) {
  for (int64_t i = 0; i < n; ++i) columns[i] += squared(a[i], b[i]);
}

// The rows at `in` enter the window, those at `out` bytes before them leave it.
void slide_squares(const uint8_t* a, const uint8_t* b, int64_t out, int64_t n, int32_t* __restrict columns) {
  const uint8_t *old_a = a - out, *old_b = b - out;
  for (int64_t i = 0; i < n; ++i) columns[i] += squared(a[i], b[i]) - squared(old_a[i], old_b[i]);
}

template <int64_t N>
void window_sums_of(const int32_t* columns, int64_t n, int32_t* __restrict sums) {
  for (int64_t i = 0; i < n; ++i) {
    int32_t sum = columns[i];
    for (int64_t k = 1; k < N; ++k) sum += columns[i + k];
    sums[i] = sum;
  }
}

void window_sums(const int32_t* columns, int64_t size, int64_t n, int32_t* __restrict sums) {
  if (size == 3) return window_sums_of<3>(columns, n, sums);
  if (size == 5) return window_sums_of<5>(columns, n, sums);
  if (size == 7) return window_sums_of<7>(columns, n, sums);
  window_sums_of<1>(columns, n, sums);
  for (int64_t k = 1; k < size; ++k)
    for (int64_t i = 0; i < n; ++i) sums[i] += columns[i + k];
}

// Sums of squares become weights, in place; up to kMeansLanes - 1 more are written behind them.
void weigh(int32_t* values, int64_t n, const MeansWeights& w) {
#if TWL_ISA >= 2
  const __m512i last = _mm512_set1_epi32(w.last);
  for (int64_t i = 0; i < n; i += 16) {
    const __m512i at = _mm512_srli_epi32(_mm512_loadu_si512(values + i), static_cast<unsigned>(w.shift));
    _mm512_storeu_si512(values + i, _mm512_i32gather_epi32(_mm512_min_epu32(at, last), w.table, 4));
  }
#elif TWL_ISA >= 1
  const __m256i last = _mm256_set1_epi32(w.last);
  for (int64_t i = 0; i < n; i += 8) {
    auto* p = reinterpret_cast<__m256i*>(values + i);
    const __m256i at = _mm256_srli_epi32(_mm256_loadu_si256(p), w.shift);
    _mm256_storeu_si256(p, _mm256_i32gather_epi32(w.table, _mm256_min_epu32(at, last), 4));
  }
#else
  for (int64_t i = 0; i < n; ++i) {
    const int32_t at = values[i] >> w.shift;
    values[i] = w.table[at < w.last ? at : w.last];
  }
#endif
}

void accumulate(const int32_t* weight, const uint8_t* pixels, int64_t n, int32_t* __restrict sums) {
  for (int64_t i = 0; i < n; ++i) sums[i] += weight[i] * pixels[i];
}

void add_weights(const int32_t* weight, int64_t n, int32_t* __restrict total) {
  for (int64_t i = 0; i < n; ++i) total[i] += weight[i];
}

// What the pixels `shift` bytes away give to the rows y .. y + rows of the result.
void add_shifted(const MeansSource& src, int64_t y, int64_t rows, int64_t w, int64_t shift, const MeansWeights& weights,
                 const MeansScratch& s) {
  const int64_t size = 2 * weights.template_radius + 1, n = w + size - 1;
  const int64_t first = (y + weights.search_radius) * src.stride + weights.search_radius;
  const int64_t middle = weights.template_radius * (src.stride + 1);
  __builtin_memset(s.columns, 0, static_cast<size_t>(n) * sizeof(int32_t));
  for (int64_t c = 0; c < src.channels; ++c)
    for (int64_t i = 0; i < size; ++i) {
      const uint8_t* p = src.planes[c] + first + i * src.stride;
      add_squares(p, p + shift, n, s.columns);
    }
  for (int64_t i = 0; i < rows; ++i) {
    if (i > 0)
      for (int64_t c = 0; c < src.channels; ++c) {
        const uint8_t* p = src.planes[c] + first + (i + size - 1) * src.stride;
        slide_squares(p, p + shift, size * src.stride, n, s.columns);
      }
    window_sums(s.columns, size, w, s.weight);
    weigh(s.weight, w, weights);
    add_weights(s.weight, w, s.total + i * w);
    for (int64_t c = 0; c < src.channels; ++c)
      accumulate(s.weight, src.planes[c] + first + i * src.stride + middle + shift, w,
                 s.sums + (c * kMeansStrip + i) * w);
  }
}

void divide_strip(const View& dst, int64_t y, int64_t rows, const MeansScratch& s) {
  for (int64_t c = 0; c < dst.c; ++c)
    for (int64_t i = 0; i < rows; ++i) {
      const int32_t *sums = s.sums + (c * kMeansStrip + i) * dst.w, *total = s.total + i * dst.w;
      uint8_t* out = dst.data + (y + i) * dst.sy + c * dst.sc;
      for (int64_t x = 0; x < dst.w; ++x) {
        const auto sum = static_cast<uint32_t>(sums[x]), n = static_cast<uint32_t>(total[x]);
        out[x * dst.sx] = static_cast<uint8_t>((sum + n / 2) / n);
      }
    }
}

void non_local_means(const MeansSource& src, const View& dst, const MeansWeights& weights, const MeansScratch& s) {
  const int64_t r = weights.search_radius, strip = kMeansStrip * dst.w;
  for (int64_t y = 0; y < dst.h; y += kMeansStrip) {
    const int64_t rows = dst.h - y < kMeansStrip ? dst.h - y : kMeansStrip;
    __builtin_memset(s.total, 0, static_cast<size_t>(strip) * sizeof(int32_t));
    __builtin_memset(s.sums, 0, static_cast<size_t>(strip * src.channels) * sizeof(int32_t));
    for (int64_t dy = -r; dy <= r; ++dy)
      for (int64_t dx = -r; dx <= r; ++dx) add_shifted(src, y, rows, dst.w, dy * src.stride + dx, weights, s);
    divide_strip(dst, y, rows, s);
  }
}
