// OpenCV 5's warpAffine and warpPerspective: float32, pixel centres at whole numbers, fused multiply-adds. A fused one
// is a float64 sum rounded once more, which a tensor program can do as well.

constexpr int64_t kLarge = int64_t{4} << 20;  // bytes of a picture that is likelier in memory than in a cache

constexpr float kFar = 1073741824.0F;  // coordinates beyond are outside every picture

inline float fused(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

struct FloatCoordinates {
  alignas(64) float x[kBlock], y[kBlock];
};

// A coordinate along a row of results, without a perspective: the products of y are added up once a row.
struct Ramp {
  float step, rest;

  Ramp(const double* m, float c, int64_t row)
      : step(static_cast<float>(m[0])), rest(static_cast<float>(m[1]) * static_cast<float>(row) + c) {}
  float at(int64_t column) const { return fused(step, static_cast<float>(static_cast<int32_t>(column)), rest); }

  // Whether results below `end` are near, and none is 2^28 times as large as a term: their float64 sums are exact, and
  // a fused multiply-add in float32 rounds as they do.
  bool is_short(int64_t end) const {
    const double a = __builtin_fabs(static_cast<double>(step)), b = __builtin_fabs(static_cast<double>(rest));
    const double least = b == 0.0 || (a != 0.0 && a < b) ? a : b, most = a * static_cast<double>(end) + b;
    return most <= 268435456.0 * least && most < static_cast<double>(kFar);
  }
};

inline void along(const Ramp& ramp, int64_t x, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = ramp.at(x + i);
}

inline void float_coordinates(const WarpJob& job, int64_t row, int64_t x, int64_t n, FloatCoordinates& at) {
  along({job.m, static_cast<float>(job.m[2]), row}, x, n, at.x);
  along({job.m + 3, static_cast<float>(job.m[5]), row}, x, n, at.y);
  if (job.perspective) {
    alignas(64) float q[kBlock];
    along({job.m + 6, 1.0F, row}, x, n, q);
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
// fused, in three lanes.
inline __m128 fused(float a, __m128 b, __m128 c) {
  const __m256d product = _mm256_mul_pd(_mm256_set1_pd(static_cast<double>(a)), _mm256_cvtps_pd(b));
  return _mm256_cvtpd_ps(_mm256_add_pd(product, _mm256_cvtps_pd(c)));
}

inline __m128 three_floats(const uint8_t* p) {
  return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(p[0] | (p[1] << 8) | (p[2] << 16))));
}

// A pixel some of whose corners are outside, or in the first column or row.
inline void rgb_at_border(const View& src, const uint8_t* fill, int32_t line, int32_t column, float a, float b,
                          bool more, uint8_t* d) {
  __m128 tap[4];
  for (int32_t t = 0; t < 4; ++t) {
    const int64_t y = line + t / 2, x = column + t % 2;
    const bool inside = y >= 0 && y < src.h && x >= 0 && x < src.w;
    tap[t] = three_floats(inside ? src.data + y * src.sy + x * 3 : fill);
  }
  const __m128 top = fused(a, _mm_sub_ps(tap[1], tap[0]), tap[0]),
               bottom = fused(a, _mm_sub_ps(tap[3], tap[2]), tap[2]);
  put_rgb(_mm_cvtps_epi32(fused(b, _mm_sub_ps(bottom, top), top)), more, d);
}

// Where the results of one block come from.
struct RgbSources {
  alignas(64) float a[kBlock], b[kBlock];
  alignas(64) int32_t column[kBlock], line[kBlock], start[kBlock];
  alignas(64) Place place[kBlock];
};

// Where a coordinate lies along an axis: as far inside as `before` its second to last place, at its border, or beyond.
inline Place place_along(int32_t at, uint32_t before, uint32_t size) {
  const auto whole = static_cast<uint32_t>(at);
  const Place outer = whole + 1 < size + 1 ? kBorder : kBeyond;
  return whole - 1 < before ? kInner : outer;
}

// `where(i, &x, &y)`: the coordinates of result i of a block.
template <typename F>
inline void sources_of(const View& src, int64_t n, F where, RgbSources& out) {
  const auto w = static_cast<uint32_t>(src.w), h = static_cast<uint32_t>(src.h), pitch = static_cast<uint32_t>(src.sy);
  const uint32_t columns = w < 3 ? 0 : w - 3, lines = h < 2 ? 0 : h - 2;
  for (int64_t i = 0; i < n; ++i) {
    float x, y;
    where(i, &x, &y);
    const float left = __builtin_floorf(x), top = __builtin_floorf(y);
    out.a[i] = x - left;
    out.b[i] = y - top;
    const auto c = static_cast<int32_t>(left), l = static_cast<int32_t>(top);
    const Place across = place_along(c, columns, w), down = place_along(l, lines, h);
    const Place place = across > down ? across : down;
    const uint32_t start = static_cast<uint32_t>(l) * pitch + static_cast<uint32_t>(c) * 3;
    out.place[i] = place;
    out.column[i] = c;
    out.line[i] = l;
    out.start[i] = place == kInner ? static_cast<int32_t>(start) : 0;
  }
}

inline void find_sources(const View& src, const WarpJob& job, int64_t row, int64_t x, int64_t n, RgbSources& out) {
  const Ramp across(job.m, static_cast<float>(job.m[2]), row), down(job.m + 3, static_cast<float>(job.m[5]), row);
  if (!job.perspective && across.is_short(x + n) && down.is_short(x + n)) {
    const auto where = [&](int64_t i, float* sx, float* sy) {
      const auto column = static_cast<float>(static_cast<int32_t>(x + i));
      *sx = __builtin_fmaf(across.step, column, across.rest);
      *sy = __builtin_fmaf(down.step, column, down.rest);
    };
    sources_of(src, n, where, out);
  } else {
    FloatCoordinates at;
    float_coordinates(job, row, x, n, at);
    const auto where = [&](int64_t i, float* sx, float* sy) {
      *sx = at.x[i];
      *sy = at.y[i];
    };
    sources_of(src, n, where, out);
  }
  if (src.h * src.sy >= kLarge) fetch_ahead(src.data + (job.m[3] > 0 ? src.sy : 0), out.start, n);
}

inline void blend_source(const View& src, const RgbSources& k, int64_t i, bool more, const uint8_t* fill, uint8_t* d) {
  if (k.place[i] == kInner) {
    const uint8_t* p = src.data + k.start[i];
    put_rgb(linear_rgb(p, p + src.sy, k.a[i], k.b[i]), more, d);
  } else if (k.place[i] == kBeyond) {
    __builtin_memcpy(d, fill, 3);
  } else {
    rgb_at_border(src, fill, k.line[i], k.column[i], k.a[i], k.b[i], more, d);
  }
}

inline void blend_sources(const View& src, const RgbSources& k, int64_t n, const uint8_t* fill, uint8_t* d) {
  for (int64_t i = 0; i < n;) {
    if (n - i >= kTogether && all_inner(k.place + i)) {
      linear_rgb_together(src.data, src.data + src.sy, k.start + i, k.a + i, k.b + i, d + 3 * i);
      i += kTogether;
    } else if (n - i >= kTogether && all_beyond(k.place + i)) {
      __builtin_memcpy(d + 3 * i, fill, 3 * kTogether);
      i += kTogether;
    } else {
      const int64_t end = n - i < kTogether ? n : i + kTogether;
      for (; i < end; ++i) blend_source(src, k, i, i + 1 < n, fill, d + 3 * i);
    }
  }
}

// Blocks of so many rows, one below the other: the lines of a turned row are too many for the first cache, and for its
// pages, while those of its neighbours are the same.
constexpr int64_t kTall = 64;

// The sources of a block are found, and asked for in a large picture, before the block in front of it is blended.
void opencv_linear_rgb(const View& src, const View& dst, const WarpJob& job) {
  uint8_t fill[3 * kTogether];
  for (int64_t i = 0; i < 3 * kTogether; ++i) fill[i] = fill_of<uint8_t>(job, i % 3);
  RgbSources sources[2];
  int64_t turn = 0, waiting = 0;
  uint8_t* to = nullptr;
  const auto visit = [&](int64_t row, int64_t x, int64_t n) {
    find_sources(src, job, row, x, n, sources[turn]);
    turn ^= 1;
    if (waiting > 0) blend_sources(src, sources[turn], waiting, fill, to);
    waiting = n;
    to = dst.data + row * dst.sy + x * 3;
  };
  for (int64_t first = 0; first < dst.h; first += kTall) {
    const int64_t end = dst.h - first < kTall ? dst.h : first + kTall;
    for_each_block(dst.w, [&](int64_t x, int64_t n) {
      for (int64_t row = first; row < end; ++row) visit(row, x, n);
    });
  }
  if (waiting > 0) blend_sources(src, sources[turn ^ 1], waiting, fill, to);
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
