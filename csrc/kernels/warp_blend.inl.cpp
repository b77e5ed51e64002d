// Pillow's BILINEAR and BICUBIC: float64, pixels outside are not blended, neighbours repeat the border, truncation.

constexpr int64_t kMostTaps = 4;  // along an axis

// Bytes from the start of the picture to the taps' rows, and from there to their columns.
struct Neighbours {
  int64_t row[kMostTaps][kBlock], column[kMostTaps][kBlock];
  alignas(64) double dx[kBlock], dy[kBlock];
  uint8_t ok[kBlock];
};

template <int64_t N>
inline void neighbours(const Coordinates& at, int64_t n, const View& src, Neighbours& out) {
  constexpr int64_t kFirst = N == 4 ? -1 : 0;
  for (int64_t i = 0; i < n; ++i) {
    const bool inside = within(at.x[i], at.y[i], src);
    const double x = (inside ? at.x[i] : 0.5) - 0.5, y = (inside ? at.y[i] : 0.5) - 0.5;
    const double left = __builtin_floor(x), top = __builtin_floor(y);
    out.ok[i] = inside ? 1 : 0;
    out.dx[i] = x - left;
    out.dy[i] = y - top;
    const auto column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
    for (int64_t t = 0; t < N; ++t) {
      out.column[t][i] = clamped(column + kFirst + t, src.w) * src.sx;
      out.row[t][i] = clamped(row + kFirst + t, src.h) * src.sy;
    }
  }
}

// Along a row Pillow takes differences of float32 samples in float32; those of integers are exact in it.
template <typename V>
inline double linear(V a, V b, double t) {
  return static_cast<double>(a) + static_cast<double>(b - a) * t;
}

template <typename V>
inline double cubic(const V* v, double t) {
  const V two = 2;
  const V d2 = v[2] - v[0], d3 = two * (v[0] - v[1]) + v[2] - v[3], d4 = v[1] - v[0] - v[2] + v[3];
  const auto p2 = static_cast<double>(d2), p3 = static_cast<double>(d3), p4 = static_cast<double>(d4);
  return static_cast<double>(v[1]) + t * (p2 + t * (p3 + t * p4));
}

template <typename T>
inline T truncated_to(double v) {
  if constexpr (sizeof(T) == 4) {
    return static_cast<T>(v);
  } else {
    constexpr int32_t kMax = sizeof(T) == 1 ? 255 : 65535;
    const auto i = static_cast<int32_t>(v);
    return static_cast<T>(i < 0 ? 0 : i > kMax ? kMax : i);
  }
}

// One channel of n pixels; p: its first sample.
template <typename T>
inline void bilinear_block(const uint8_t* p, const Neighbours& k, int64_t n, T* out) {
  alignas(64) float tap[4][kBlock];
  for (int64_t i = 0; i < n; ++i)
    for (int64_t t = 0; t < 4; ++t)
      tap[t][i] = static_cast<float>(load_sample<T>(p + k.row[t / 2][i] + k.column[t % 2][i]));
  for (int64_t i = 0; i < n; ++i) {
    const double top = linear(tap[0][i], tap[1][i], k.dx[i]), bottom = linear(tap[2][i], tap[3][i], k.dx[i]);
    out[i] = truncated_to<T>(linear(top, bottom, k.dy[i]));
  }
}

template <typename T>
inline void bicubic_block(const uint8_t* p, const Neighbours& k, int64_t n, T* out) {
  alignas(64) double line[4][kBlock];
  for (int64_t j = 0; j < 4; ++j)
    for (int64_t i = 0; i < n; ++i) {
      float v[4];
      for (int64_t t = 0; t < 4; ++t) v[t] = static_cast<float>(load_sample<T>(p + k.row[j][i] + k.column[t][i]));
      line[j][i] = cubic(v, k.dx[i]);
    }
  for (int64_t i = 0; i < n; ++i) {
    const double v[4] = {line[0][i], line[1][i], line[2][i], line[3][i]};
    out[i] = truncated_to<T>(cubic(v, k.dy[i]));
  }
}

template <typename T>
void blend_of(const View& src, const View& dst, const WarpJob& job) {
  Coordinates at;
  Neighbours k;
  alignas(64) T out[kBlock];
  const bool two = job.method == WarpMethod::bilinear;
  for (int64_t row = 0; row < dst.h; ++row)
    for_each_block(dst.w, [&](int64_t x, int64_t n) {
      coordinates(job, row, x, n, at);
      if (two)
        neighbours<2>(at, n, src, k);
      else
        neighbours<4>(at, n, src, k);
      for (int64_t c = 0; c < src.c; ++c) {
        const uint8_t* p = src.data + c * src.sc;
        if (two)
          bilinear_block(p, k, n, out);
        else
          bicubic_block(p, k, n, out);
        const T fill = fill_of<T>(job, c);
        for (int64_t i = 0; i < n; ++i) out[i] = k.ok[i] != 0 ? out[i] : fill;
        store_strided(out, n, dst.data + row * dst.sy + x * dst.sx + c * dst.sc, dst.sx);
      }
    });
}

#if TWL_ISA > 0
// A pixel whose neighbours repeat the border.
template <int64_t N>
inline void rgb_at_border(const View& src, int64_t line, int64_t column, double dx, double dy, uint8_t* d) {
  constexpr int64_t kFirst = N == 4 ? -1 : 0;
  for (int64_t c = 0; c < 3; ++c) {
    double lines[N];
    for (int64_t j = 0; j < N; ++j) {
      const uint8_t* p = src.data + clamped(line + kFirst + j, src.h) * src.sy + c;
      float v[N];
      for (int64_t i = 0; i < N; ++i) v[i] = static_cast<float>(p[clamped(column + kFirst + i, src.w) * 3]);
      if constexpr (N == 4)
        lines[j] = cubic(v, dx);
      else
        lines[j] = linear(v[0], v[1], dx);
    }
    if constexpr (N == 4)
      d[c] = truncated_to<uint8_t>(cubic(lines, dy));
    else
      d[c] = truncated_to<uint8_t>(linear(lines[0], lines[1], dy));
  }
}

// Taps along an axis: N.
template <int64_t N>
void blend_rgb(const View& src, const View& dst, const WarpJob& job) {
  constexpr int64_t kBefore = N == 4 ? 1 : 0, kBehind = N / 2;
  const uint8_t fill[3] = {fill_of<uint8_t>(job, 0), fill_of<uint8_t>(job, 1), fill_of<uint8_t>(job, 2)};
  Coordinates at;
  alignas(64) int32_t column[kBlock], line[kBlock];
  alignas(64) Place place[kBlock];
  const auto last_line = static_cast<int32_t>(src.h - kBehind), last_column = static_cast<int32_t>(src.w - kBehind - 1);
  for (int64_t row = 0; row < dst.h; ++row)
    for_each_block(dst.w, [&](int64_t x, int64_t n) {
      coordinates(job, row, x, n, at);
      for (int64_t i = 0; i < n; ++i) {
        const bool inside = within(at.x[i], at.y[i], src);
        const double sx = (inside ? at.x[i] : 0.5) - 0.5, sy = (inside ? at.y[i] : 0.5) - 0.5;
        const double left = __builtin_floor(sx), top = __builtin_floor(sy);
        at.x[i] = sx - left;
        at.y[i] = sy - top;
        const auto c = static_cast<int32_t>(left), l = static_cast<int32_t>(top);
        const bool border = (l < kBefore) | (c < kBefore) | (l >= last_line) | (c >= last_column);
        place[i] = !inside ? kBeyond : border ? kBorder : kInner;
        column[i] = c;
        line[i] = l;
      }
      uint8_t* d = dst.data + row * dst.sy + x * 3;
      for (int64_t i = 0; i < n; ++i, d += 3) {
        if (place[i] == kInner) {
          const uint8_t* p = src.data + (line[i] - kBefore) * src.sy + (column[i] - kBefore) * 3;
          if constexpr (N == 4)
            put_rgb(bicubic_rgb(p, src.sy, at.x[i], at.y[i]), i + 1 < n, d);
          else
            put_rgb(bilinear_rgb(p, p + src.sy, at.x[i], at.y[i]), i + 1 < n, d);
        } else if (place[i] == kBeyond) {
          __builtin_memcpy(d, fill, 3);
        } else {
          rgb_at_border<N>(src, line[i], column[i], at.x[i], at.y[i], d);
        }
      }
    });
}
#endif

void warp_blend(const View& src, const View& dst, const WarpJob& job) {
#if TWL_ISA > 0
  if (packed_rgb(src) && packed_rgb(dst))
    return job.method == WarpMethod::bilinear ? blend_rgb<2>(src, dst, job) : blend_rgb<4>(src, dst, job);
#endif
  if (src.dtype == DType::u8)
    blend_of<uint8_t>(src, dst, job);
  else if (src.dtype == DType::u16)
    blend_of<uint16_t>(src, dst, job);
  else
    blend_of<float>(src, dst, job);
}
