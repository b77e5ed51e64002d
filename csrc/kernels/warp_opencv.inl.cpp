// OpenCV 5's warpAffine and warpPerspective: float32, pixel centres at whole numbers, fused multiply-adds. A fused one
// is a float64 sum rounded once more, which a tensor program can do as well.

constexpr float kFar = 1073741824.0F;  // coordinates beyond are outside every picture

inline float fused(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

struct FloatCoordinates {
  alignas(64) float x[kBlock], y[kBlock];
};

// One of the matrix's rows: the products of y are added up once a row of pixels.
inline void along(const double* m, float c, int64_t row, int64_t x, int64_t n, float* out) {
  const auto a = static_cast<float>(m[0]);
  const float rest = static_cast<float>(m[1]) * static_cast<float>(row) + c;
  for (int64_t i = 0; i < n; ++i) out[i] = fused(a, static_cast<float>(static_cast<int32_t>(x + i)), rest);
}

inline void float_coordinates(const WarpJob& job, int64_t row, int64_t x, int64_t n, FloatCoordinates& at) {
  along(job.m, static_cast<float>(job.m[2]), row, x, n, at.x);
  along(job.m + 3, static_cast<float>(job.m[5]), row, x, n, at.y);
  if (job.perspective) {
    alignas(64) float q[kBlock];
    along(job.m + 6, 1.0F, row, x, n, q);
    for (int64_t i = 0; i < n; ++i) {
      at.x[i] /= q[i];
      at.y[i] /= q[i];
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    at.x[i] = __builtin_fabsf(at.x[i]) < kFar ? at.x[i] : kFar;
    at.y[i] = __builtin_fabsf(at.y[i]) < kFar ? at.y[i] : kFar;
  }
}

// Four taps a pixel: bytes from the start of the picture, or outside.
struct Corners {
  int64_t at[4][kBlock];
  bool ok[4][kBlock];
  alignas(64) float a[kBlock], b[kBlock];
};

inline void corners(const FloatCoordinates& at, int64_t n, const View& src, Corners& out) {
  for (int64_t i = 0; i < n; ++i) {
    const float left = __builtin_floorf(at.x[i]), top = __builtin_floorf(at.y[i]);
    out.a[i] = at.x[i] - left;
    out.b[i] = at.y[i] - top;
    const auto column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
    for (int64_t t = 0; t < 4; ++t) {
      const int64_t y = row + t / 2, x = column + t % 2;
      const bool inside = y >= 0 && y < src.h && x >= 0 && x < src.w;
      out.ok[t][i] = inside;
      out.at[t][i] = inside ? y * src.sy + x * src.sx : 0;
    }
  }
}

template <typename T>
inline T rounded_to(float v) {
  if constexpr (sizeof(T) == 4) {
    return v;
  } else {
    constexpr float kMax = sizeof(T) == 1 ? 255.0F : 65535.0F;
    const float whole = __builtin_rintf(v);
    return static_cast<T>(static_cast<int32_t>(whole < 0.0F ? 0.0F : whole > kMax ? kMax : whole));
  }
}

template <typename T>
inline void linear_block(const uint8_t* p, const Corners& k, int64_t n, T fill, T* out) {
  alignas(64) float tap[4][kBlock];
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t i = 0; i < n; ++i) tap[t][i] = static_cast<float>(k.ok[t][i] ? load_sample<T>(p + k.at[t][i]) : fill);
  for (int64_t i = 0; i < n; ++i) {
    const float top = fused(k.a[i], tap[1][i] - tap[0][i], tap[0][i]);
    const float bottom = fused(k.a[i], tap[3][i] - tap[2][i], tap[2][i]);
    out[i] = rounded_to<T>(fused(k.b[i], bottom - top, top));
  }
}

#if TWL_ISA > 0
// A pixel some of whose corners are outside, or in the first column or row.
inline void rgb_at_border(const View& src, const WarpJob& job, int32_t line, int32_t column, float a, float b,
                          uint8_t* d) {
  for (int64_t c = 0; c < 3; ++c) {
    float tap[4];
    for (int32_t t = 0; t < 4; ++t) {
      const int64_t y = line + t / 2, x = column + t % 2;
      const bool inside = y >= 0 && y < src.h && x >= 0 && x < src.w;
      tap[t] = static_cast<float>(inside ? src.data[y * src.sy + x * 3 + c] : fill_of<uint8_t>(job, c));
    }
    const float top = fused(a, tap[1] - tap[0], tap[0]), bottom = fused(a, tap[3] - tap[2], tap[2]);
    d[c] = rounded_to<uint8_t>(fused(b, bottom - top, top));
  }
}

// Where the results of one block come from.
struct RgbSources {
  alignas(64) float a[kBlock], b[kBlock];
  alignas(64) int32_t column[kBlock], line[kBlock], start[kBlock];
  alignas(64) Place place[kBlock];
};

inline void find_sources(const View& src, const WarpJob& job, int64_t row, int64_t x, int64_t n, RgbSources& out) {
  FloatCoordinates at;
  float_coordinates(job, row, x, n, at);
  const auto w = static_cast<int32_t>(src.w), h = static_cast<int32_t>(src.h), pitch = static_cast<int32_t>(src.sy);
  for (int64_t i = 0; i < n; ++i) {
    const float left = __builtin_floorf(at.x[i]), top = __builtin_floorf(at.y[i]);
    out.a[i] = at.x[i] - left;
    out.b[i] = at.y[i] - top;
    const auto c = static_cast<int32_t>(left), l = static_cast<int32_t>(top);
    const bool beyond = (l < -1) | (c < -1) | (l >= h) | (c >= w);
    const bool border = (l < 1) | (c < 1) | (l >= h - 1) | (c >= w - 2);
    out.place[i] = beyond ? kBeyond : border ? kBorder : kInner;
    out.column[i] = c;
    out.line[i] = l;
    out.start[i] = beyond | border ? 0 : l * pitch + c * 3;
  }
  fetch_ahead(src.data + (job.m[3] > 0 ? src.sy : 0), out.start, n);
}

inline void blend_source(const View& src, const WarpJob& job, const RgbSources& k, int64_t i, bool more,
                         const uint8_t* fill, uint8_t* d) {
  if (k.place[i] == kInner) {
    const uint8_t* p = src.data + k.start[i];
    put_rgb(linear_rgb(p, p + src.sy, k.a[i], k.b[i]), more, d);
  } else if (k.place[i] == kBeyond) {
    __builtin_memcpy(d, fill, 3);
  } else {
    rgb_at_border(src, job, k.line[i], k.column[i], k.a[i], k.b[i], d);
  }
}

inline void blend_sources(const View& src, const WarpJob& job, const RgbSources& k, int64_t n, const uint8_t* fill,
                          uint8_t* d) {
  for (int64_t i = 0; i < n;) {
    if (n - i >= kTogether && all_inner(k.place + i)) {
      linear_rgb_together(src.data, src.data + src.sy, k.start + i, k.a + i, k.b + i, d + 3 * i);
      i += kTogether;
    } else {
      const int64_t end = n - i < kTogether ? n : i + kTogether;
      for (; i < end; ++i) blend_source(src, job, k, i, i + 1 < n, fill, d + 3 * i);
    }
  }
}

// The sources of a block are found, and asked for, before the block in front of it is blended.
void opencv_linear_rgb(const View& src, const View& dst, const WarpJob& job) {
  const uint8_t fill[3] = {fill_of<uint8_t>(job, 0), fill_of<uint8_t>(job, 1), fill_of<uint8_t>(job, 2)};
  RgbSources sources[2];
  int64_t turn = 0, waiting = 0;
  uint8_t* to = nullptr;
  for (int64_t row = 0; row < dst.h; ++row)
    for_each_block(dst.w, [&](int64_t x, int64_t n) {
      find_sources(src, job, row, x, n, sources[turn]);
      turn ^= 1;
      if (waiting > 0) blend_sources(src, job, sources[turn], waiting, fill, to);
      waiting = n;
      to = dst.data + row * dst.sy + x * 3;
    });
  if (waiting > 0) blend_sources(src, job, sources[turn ^ 1], waiting, fill, to);
}
#endif

template <typename T>
void opencv_linear(const View& src, const View& dst, const WarpJob& job) {
  FloatCoordinates at;
  Corners k;
  alignas(64) T out[kBlock];
  for (int64_t row = 0; row < dst.h; ++row)
    for_each_block(dst.w, [&](int64_t x, int64_t n) {
      float_coordinates(job, row, x, n, at);
      corners(at, n, src, k);
      for (int64_t c = 0; c < src.c; ++c) {
        linear_block(src.data + c * src.sc, k, n, fill_of<T>(job, c), out);
        store_strided(out, n, dst.data + row * dst.sy + x * dst.sx + c * dst.sc, dst.sx);
      }
    });
}

template <typename T>
void opencv_nearest(const View& src, const View& dst, const WarpJob& job) {
  FloatCoordinates at;
  for (int64_t row = 0; row < dst.h; ++row)
    nearest_row<T>(src, dst, row, job, [&](int64_t i, int64_t* y, int64_t* x) {
      if (i % kBlock == 0) float_coordinates(job, row, i, dst.w - i < kBlock ? dst.w - i : kBlock, at);
      *y = static_cast<int64_t>(__builtin_rintf(at.y[i % kBlock]));
      *x = static_cast<int64_t>(__builtin_rintf(at.x[i % kBlock]));
    });
}

template <typename T>
void opencv_of(const View& src, const View& dst, const WarpJob& job) {
#if TWL_ISA > 0
  if (job.method == WarpMethod::cv_linear && short_rgb(src) && packed_rgb(dst)) return opencv_linear_rgb(src, dst, job);
#endif
  if (job.method == WarpMethod::cv_linear)
    opencv_linear<T>(src, dst, job);
  else
    opencv_nearest<T>(src, dst, job);
}

void warp_opencv(const View& src, const View& dst, const WarpJob& job) {
  if (src.dtype == DType::u8)
    opencv_of<uint8_t>(src, dst, job);
  else if (src.dtype == DType::u16)
    opencv_of<uint16_t>(src, dst, job);
  else
    opencv_of<float>(src, dst, job);
}
