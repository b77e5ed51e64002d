// Pillow's resampling of modes "I;16" and "F": unquantised float64 weights, taps summed in order, every operation
// rounded by itself, each pass stored as float32 or as uint16 rounded half away from zero and clipped.

template <typename T>
inline T store_real(double v);

template <>
inline float store_real<float>(double v) {
  return static_cast<float>(v);
}

template <>
inline uint16_t store_real<uint16_t>(double v) {
  const double r = v >= 0 ? __builtin_floor(v + 0.5) : -__builtin_floor(0.5 - v);
  return static_cast<uint16_t>(r < 0 ? 0 : r > 65535 ? 65535 : r);
}

template <typename T>
inline T& item(const View& v, int64_t y, int64_t x, int64_t c) {
  return *reinterpret_cast<T*>(v.data + y * v.sy + x * v.sx + c * v.sc);
}

template <typename T>
void h_real(const View& src, const View& dst, int64_t first, const RealWeights& w) {
  for (int64_t y = 0; y < dst.h; ++y) {
    for (int64_t i = 0; i < dst.w; ++i) {
      const int64_t start = w.start[first + i], count = w.count[first + i];
      const double* k = w.w + first + i;
      for (int64_t c = 0; c < dst.c; ++c) {
        double sum = 0;
        for (int64_t t = 0; t < count; ++t) sum += item<const T>(src, y, start + t, c) * k[t * w.stride];
        item<T>(dst, y, i, c) = store_real<T>(sum);
      }
    }
  }
}

template <typename T>
void v_real(const View& src, const View& dst, int64_t first, const RealWeights& w) {
  for (int64_t i = 0; i < dst.h; ++i) {
    const int64_t start = w.start[first + i], count = w.count[first + i];
    const double* k = w.w + first + i;
    for (int64_t x = 0; x < dst.w; ++x) {
      for (int64_t c = 0; c < dst.c; ++c) {
        double sum = 0;
        for (int64_t t = 0; t < count; ++t) sum += item<const T>(src, start + t, x, c) * k[t * w.stride];
        item<T>(dst, i, x, c) = store_real<T>(sum);
      }
    }
  }
}

void resample_h_real(const View& src, const View& dst, int64_t first, const RealWeights& w) {
  src.dtype == DType::f32 ? h_real<float>(src, dst, first, w) : h_real<uint16_t>(src, dst, first, w);
}

void resample_v_real(const View& src, const View& dst, int64_t first, const RealWeights& w) {
  src.dtype == DType::f32 ? v_real<float>(src, dst, first, w) : v_real<uint16_t>(src, dst, first, w);
}
