// Noise by pixel: what the bits at a sample's index become, and how they change it.

// z * sigma + mean, each operation rounded.
inline void gaussian_values(const NoiseSpec& k, const float* normals, uint64_t first, int64_t n, float* out) {
  const float mean = k.first, sigma = k.span;
  for_each_group<kHalves>(k.seed, first, n, [=](const uint32_t* words, int64_t at, int64_t count, int64_t done) {
    alignas(64) uint16_t halves[kHalves];
    alignas(64) float made[kHalves];
    halves_of(words, halves);
    for (int64_t i = 0; i < kHalves; ++i) made[i] = normal_at(normals, halves[i]) * sigma + mean;
    __builtin_memcpy(out + done, made + at, static_cast<size_t>(count) * sizeof *out);
  });
}

// low + u * (high - low), u = (bits + 0.5) / 65536.
inline void multiplier_values(const NoiseSpec& k, uint64_t first, int64_t n, float* out) {
  const float low = k.first, span = k.span;
  for_each_group<kHalves>(k.seed, first, n, [=](const uint32_t* words, int64_t at, int64_t count, int64_t done) {
    alignas(64) uint16_t halves[kHalves];
    alignas(64) float made[kHalves];
    halves_of(words, halves);
    for (int64_t i = 0; i < kHalves; ++i)
      made[i] = low + ((static_cast<float>(halves[i]) + 0.5F) * (1.0F / 65536.0F)) * span;
    __builtin_memcpy(out + done, made + at, static_cast<size_t>(count) * sizeof *out);
  });
}

// 0: keep, 1: the first value, 2: the second. Thresholds up to 2^32 become the largest word below them.
inline void replace_codes(const NoiseSpec& k, uint64_t first, int64_t n, uint32_t* out) {
  random32(k.seed, first, n, out);
  const uint32_t none = 0, any = 1;
  const uint32_t first_on = k.thresholds[0] > 0 ? any : none, second_on = k.thresholds[1] > 0 ? any : none;
  const auto first_most = static_cast<uint32_t>(k.thresholds[0] - first_on);
  const auto second_most = static_cast<uint32_t>(k.thresholds[1] - second_on);
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t one = out[i] <= first_most ? first_on : none, two = out[i] <= second_most ? second_on : none;
    out[i] = two * 2 - one;  // what is below the first is below the second
  }
}

template <typename T>
inline T add_noise(T x, float noise, bool clip, int32_t max) {
  if constexpr (sizeof(T) == 4) {
    const float v = x + noise;
    return clip ? clamp(v, 0.0F, 1.0F) : v;
  } else {
    const int32_t v = static_cast<int32_t>(x) + static_cast<int32_t>(noise);
    return static_cast<T>(clip ? (v < 0 ? 0 : v > max ? max : v) : (v & max));
  }
}

template <typename T>
inline T multiply(T x, float factor, bool clip, float max) {
  const float v = static_cast<float>(x) * factor;
  if constexpr (sizeof(T) == 4) return clip ? clamp(v, 0.0F, max) : v;
  return static_cast<T>(clamp(v, 0.0F, max));
}

// n samples of one channel, or of all where they lie side by side; values and samples at steps of their own.
template <typename T>
struct Samples {
  const uint8_t* s;
  uint8_t* d;
  int64_t n, s_step, d_step;

  template <typename V, typename F>
  void map(const V* values, int64_t step, F f) const {
    constexpr int64_t kItem = sizeof(T);
    if (step == 1 && s_step == kItem && d_step == kItem) {
      for (int64_t i = 0; i < n; ++i) store<T>(d + i * kItem, f(load<T>(s + i * kItem), values[i]));
    } else {
      for (int64_t i = 0; i < n; ++i) store<T>(d + i * d_step, f(load<T>(s + i * s_step), values[i * step]));
    }
  }
};

template <typename T>
inline void apply_values(const Samples<T>& px, const NoiseSpec& k, int64_t channel, const NoiseScratch& scratch,
                         int64_t at, int64_t step) {
  const bool clip = k.clip;
  const float max = k.max;
  if (k.kind == NoiseKind::gaussian) {
    const auto whole = static_cast<int32_t>(max);
    px.map(scratch.values + at, step, [=](T x, float v) { return add_noise<T>(x, v, clip, whole); });
  } else if (k.kind == NoiseKind::replace) {
    const T one = static_cast<T>(k.by_channel[2 * channel]), two = static_cast<T>(k.by_channel[2 * channel + 1]);
    px.map(scratch.bits + at, step, [=](T x, uint32_t code) {
      const T other = code == 1 ? one : two;
      return code == 0 ? x : other;
    });
  } else {
    px.map(scratch.values + at, step, [=](T x, float v) { return multiply<T>(x, v, clip, max); });
  }
}

// One value a pixel becomes one a sample.
template <typename V>
inline void spread(V* values, int64_t n, int64_t c) {
  for (int64_t i = n - 1; i >= 0; --i) {
    const V v = values[i];
    for (int64_t j = 0; j < c; ++j) values[i * c + j] = v;
  }
}

inline void make_values(const NoiseSpec& k, const float* normals, const NoiseScratch& scratch, uint64_t pixel,
                        int64_t n, int64_t c) {
  const int64_t per = k.shared ? 1 : c;
  const uint64_t first = pixel * static_cast<uint64_t>(per);
  if (k.kind == NoiseKind::gaussian) {
    gaussian_values(k, normals, first, n * per, scratch.values);
  } else if (k.kind == NoiseKind::multiplicative) {
    multiplier_values(k, first, n * per, scratch.values);
  } else if (k.kind == NoiseKind::replace) {
    replace_codes(k, first, n * per, scratch.bits);
  } else {
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < c; ++j) scratch.values[i * c + j] = k.by_channel[j];
    return;
  }
  if (!k.shared || c == 1) return;
  if (k.kind == NoiseKind::replace)
    spread(scratch.bits, n, c);
  else
    spread(scratch.values, n, c);
}

inline bool same_for_all(const NoiseSpec& k, int64_t c) {
  if (k.kind != NoiseKind::replace) return true;
  for (int64_t j = 1; j < c; ++j)
    if (k.by_channel[2 * j] != k.by_channel[0] || k.by_channel[2 * j + 1] != k.by_channel[1]) return false;
  return true;
}

// A picture without gaps between its rows is one long row.
inline View one_row(View v) {
  v.w *= v.h;
  v.h = 1;
  return v;
}

template <typename T>
void noise_of(View src, View dst, const NoiseSpec& k, const float* normals, const NoiseScratch& scratch) {
  constexpr int64_t kItem = sizeof(T);
  if (src.sy == src.w * src.sx && dst.sy == dst.w * dst.sx) {
    src = one_row(src);
    dst = one_row(dst);
  }
  const int64_t c = src.c, chunk = scratch.elements / c / kHalves * kHalves;
  const auto pixels = [c](const View& v) { return v.sx == c * kItem && (c == 1 || v.sc == kItem); };
  const bool together = pixels(src) && pixels(dst) && same_for_all(k, c);
  for (int64_t y = 0; y < src.h; ++y)
    for (int64_t x = 0; x < src.w; x += chunk) {
      const int64_t n = src.w - x < chunk ? src.w - x : chunk;
      const uint8_t* s = src.data + y * src.sy + x * src.sx;
      uint8_t* d = dst.data + y * dst.sy + x * dst.sx;
      make_values(k, normals, scratch, static_cast<uint64_t>(y * src.w + x), n, c);
      if (together) {
        apply_values<T>({s, d, n * c, kItem, kItem}, k, 0, scratch, 0, 1);
      } else {
        for (int64_t j = 0; j < c; ++j)
          apply_values<T>({s + j * src.sc, d + j * dst.sc, n, src.sx, dst.sx}, k, j, scratch, j, c);
      }
    }
}

void noise(const View& src, const View& dst, const NoiseSpec& spec, const float* normals, const NoiseScratch& scratch) {
  if (spec.kind == NoiseKind::iso)
    iso_noise(src, dst, spec, normals, scratch);
  else if (src.dtype == DType::u8)
    noise_of<uint8_t>(src, dst, spec, normals, scratch);
  else if (src.dtype == DType::u16)
    noise_of<uint16_t>(src, dst, spec, normals, scratch);
  else
    noise_of<float>(src, dst, spec, normals, scratch);
}
