// Uniform noise by pixel, smoothed along rows and then along columns with integer weights of sum 2^15: all sums stay
// within 2^30, and each pass rounds half up to 15 bits.

// Mirrored at the borders without the edge.
inline int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  int64_t m = i % period;
  if (m < 0) m += period;
  return m < n ? m : period - m;
}

inline int32_t rounded_15(int32_t sum) { return (sum + (1 << 14)) >> 15; }

// Adds the pairs of samples at one distance from every place, times a weight.
inline void add_pairs(const int32_t* before, const int32_t* after, int32_t weight, int64_t n, int32_t* sums) {
  for (int64_t x = 0; x < n; ++x) sums[x] += (before[x] + after[x]) * weight;
}

inline void smooth_row(const int32_t* padded, const Smoothing& k, int64_t w, int32_t* out) {
  const int32_t* middle = padded + k.radius_x;
  for (int64_t x = 0; x < w; ++x) out[x] = middle[x] * k.taps_x[0];
  for (int64_t i = 1; i <= k.radius_x; ++i) add_pairs(middle - i, middle + i, k.taps_x[i], w, out);
  for (int64_t x = 0; x < w; ++x) out[x] = rounded_15(out[x]);
}

inline void noise_row(uint64_t seed, uint64_t first, int64_t radius, int64_t w, const SmoothingScratch& s) {
  random16(seed, first, w, s.bits);
  int32_t* middle = s.row + radius;
  for (int64_t x = 0; x < w; ++x) middle[x] = static_cast<int32_t>(s.bits[x]) - 32768;
  for (int64_t i = 1; i <= radius; ++i) {
    middle[-i] = static_cast<int32_t>(s.bits[mirrored(-i, w)]) - 32768;
    middle[w - 1 + i] = static_cast<int32_t>(s.bits[mirrored(w - 1 + i, w)]) - 32768;
  }
}

void smooth_noise(uint64_t seed, int64_t h, int64_t w, const Smoothing& k, const SmoothingScratch& s, int32_t* out) {
  for (int64_t field = 0; field < 2; ++field) {
    for (int64_t y = 0; y < h; ++y) {
      noise_row(seed, static_cast<uint64_t>((field * h + y) * w), k.radius_x, w, s);
      smooth_row(s.row, k, w, s.rows + y * w);
    }
    for (int64_t y = 0; y < h; ++y) {
      int32_t* to = out + (field * h + y) * w;
      for (int64_t x = 0; x < w; ++x) to[x] = s.rows[y * w + x] * k.taps_y[0];
      for (int64_t i = 1; i <= k.radius_y; ++i)
        add_pairs(s.rows + mirrored(y - i, h) * w, s.rows + mirrored(y + i, h) * w, k.taps_y[i], w, to);
      for (int64_t x = 0; x < w; ++x) to[x] = rounded_15(to[x]);
    }
  }
}
