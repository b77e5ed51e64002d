// Thresholds against the mean of the window around a pixel, the border repeated.

inline int64_t nearest_inside(int64_t at, int64_t n) { return at < 0 ? 0 : at >= n ? n - 1 : at; }

// A row of `pixels` with `radius` more to either side.
void widened_row(const View& src, int64_t y, int64_t radius, float* __restrict row) {
  const uint8_t* p = src.data + y * src.sy;
  for (int64_t x = 0; x < src.w; ++x) row[radius + x] = p[x * src.sx];
  for (int64_t i = 0; i < radius; ++i) {
    row[i] = row[radius];
    row[radius + src.w + i] = row[radius + src.w - 1];
  }
}

// 255 where `above`, which is 0 or 1, is not what `inverse` says.
inline uint8_t black_or_white(bool above, bool inverse) { return above != inverse ? 255 : 0; }

// Whole numbers below 2^24 in float, so every order of addition gives the same.
void sums_across(const View& src, const AdaptiveSpec& spec, const AdaptiveScratch& s) {
  const int64_t n = spec.block_size, r = n / 2;
  auto* across = static_cast<float*>(s.across);
  for (int64_t y = 0; y < src.h; ++y) {
    widened_row(src, y, r, s.row);
    float* __restrict out = across + y * src.w;
    for (int64_t x = 0; x < src.w; ++x) out[x] = 0.0F;
    for (int64_t i = 0; i < n; ++i) {
      const float weight = spec.weights[i];
      for (int64_t x = 0; x < src.w; ++x) out[x] += weight * s.row[x + i];
    }
  }
}

// The mean in 32 bits, rounded half to even, is below m if it is below m - 1/2, or there and m - 1 is even. Whole
// numbers below 2^41 in double.
void threshold_gaussian(const View& src, const View& dst, const AdaptiveSpec& spec, const AdaptiveScratch& s) {
  sums_across(src, spec, s);
  const auto* across = static_cast<const float*>(s.across);
  constexpr double kOne = 4294967296.0;
  for (int64_t y = 0; y < src.h; ++y) {
    double* __restrict down = s.down;
    for (int64_t x = 0; x < src.w; ++x) down[x] = 0.0;
    for (int64_t i = 0; i < spec.block_size; ++i) {
      const float* row = across + nearest_inside(y + i - spec.block_size / 2, src.h) * src.w;
      const double weight = static_cast<double>(spec.weights[i]);
      for (int64_t x = 0; x < src.w; ++x) down[x] += weight * static_cast<double>(row[x]);
    }
    for (int64_t x = 0; x < src.w; ++x) {
      const int32_t m = src.data[y * src.sy + x * src.sx] + spec.offset;
      const double edge = (static_cast<double>(m) - 0.5) * kOne;
      const bool above = down[x] < edge || (down[x] == edge && (m & 1) != 0);
      dst.data[y * dst.sy + x * dst.sx] = black_or_white(above, spec.inverse);
    }
  }
}

void running_sums_across(const View& src, int64_t n, const AdaptiveScratch& s) {
  auto* across = static_cast<int32_t*>(s.across);
  for (int64_t y = 0; y < src.h; ++y) {
    widened_row(src, y, n / 2, s.row);
    int32_t sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += static_cast<int32_t>(s.row[i]);
    for (int64_t x = 0; x < src.w; ++x) {
      across[y * src.w + x] = sum;
      if (x + 1 < src.w) sum += static_cast<int32_t>(s.row[x + n]) - static_cast<int32_t>(s.row[x]);
    }
  }
}

// (sum + n / 2) / n < m is sum + n / 2 < m n.
void threshold_mean(const View& src, const View& dst, const AdaptiveSpec& spec, const AdaptiveScratch& s) {
  const int64_t n = spec.block_size, r = n / 2;
  running_sums_across(src, n, s);
  const auto* across = static_cast<const int32_t*>(s.across);
  auto* __restrict down = reinterpret_cast<int32_t*>(s.down);
  const auto area = static_cast<int32_t>(n * n);
  for (int64_t x = 0; x < src.w; ++x) down[x] = area / 2;
  for (int64_t i = -r; i < r; ++i) {
    const int32_t* row = across + nearest_inside(i, src.h) * src.w;
    for (int64_t x = 0; x < src.w; ++x) down[x] += row[x];
  }
  for (int64_t y = 0; y < src.h; ++y) {
    const int32_t *in = across + nearest_inside(y + r, src.h) * src.w,
                  *out = across + nearest_inside(y - r, src.h) * src.w;
    const uint8_t* p = src.data + y * src.sy;
    uint8_t* q = dst.data + y * dst.sy;
    for (int64_t x = 0; x < src.w; ++x) {
      const int32_t sum = down[x] + in[x];
      q[x * dst.sx] = black_or_white(sum < (p[x * src.sx] + spec.offset) * area, spec.inverse);
      down[x] = sum - out[x];
    }
  }
}

void adaptive_threshold(const View& src, const View& dst, const AdaptiveSpec& spec, const AdaptiveScratch& scratch) {
  if (spec.weights != nullptr) return threshold_gaussian(src, dst, spec, scratch);
  threshold_mean(src, dst, spec, scratch);
}
