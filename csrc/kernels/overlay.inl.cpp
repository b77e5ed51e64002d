// A span of pixels times a factor: integers lose their fraction and saturate.
template <typename T>
inline T scaled(T x, float factor) {
  constexpr float kMax = sizeof(T) == 1 ? 255.0F : sizeof(T) == 2 ? 65535.0F : 1.0F;
  return static_cast<T>(clamp(static_cast<float>(x) * factor, 0.0F, kMax));
}

template <typename T>
void scale_samples(uint8_t* p, int64_t n, int64_t step, float factor) {
  constexpr int64_t kItem = sizeof(T);
  if (step == kItem) {
    for (int64_t i = 0; i < n; ++i) store<T>(p + i * kItem, scaled(load<T>(p + i * kItem), factor));
  } else {
    for (int64_t i = 0; i < n; ++i) store<T>(p + i * step, scaled(load<T>(p + i * step), factor));
  }
}

template <typename T>
void scale_span_of(const View& v, int64_t y, int64_t x, int64_t n, float factor) {
  constexpr int64_t kItem = sizeof(T);
  uint8_t* p = v.data + y * v.sy + x * v.sx;
  if (v.sx == v.c * kItem && (v.c == 1 || v.sc == kItem)) return scale_samples<T>(p, n * v.c, kItem, factor);
  for (int64_t c = 0; c < v.c; ++c) scale_samples<T>(p + c * v.sc, n, v.sx, factor);
}

void scale_span(const View& picture, int64_t y, int64_t x, int64_t n, float factor) {
  if (picture.dtype == DType::u8)
    scale_span_of<uint8_t>(picture, y, x, n, factor);
  else if (picture.dtype == DType::u16)
    scale_span_of<uint16_t>(picture, y, x, n, factor);
  else
    scale_span_of<float>(picture, y, x, n, factor);
}
