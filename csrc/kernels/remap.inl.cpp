// Looking up: OpenCV 5's remap, linear or nearest. a * (q - p) + p is rounded once to float32 after float64: one
// arithmetic for every instruction set, and the batched engine's.

inline float blend(float share, float p, float q) {
  return static_cast<float>(static_cast<double>(share) * static_cast<double>(q - p) + static_cast<double>(p));
}

inline float within_reach(double v) {
  return static_cast<float>(v < -16777216.0 ? -16777216.0 : v > 16777216.0 ? 16777216.0 : v);
}

inline float within_reach(float v) { return clamp(v, -kFarthest, kFarthest); }

inline void radial_row(const double* k, int64_t y, int64_t w, const RemapScratch& row) {
  const double v = (static_cast<double>(y) - k[1]) * k[3];
  for (int64_t x = 0; x < w; ++x) {
    const double u = (static_cast<double>(x) - k[0]) * k[2];
    const double r2 = u * u + v * v, factor = 1.0 + r2 * (k[8] + r2 * k[9]);
    row.x[x] = within_reach((u * factor) * k[4] + k[6]);
    row.y[x] = within_reach((v * factor) * k[5] + k[7]);
  }
}

// The places of row y.
inline void map_row(const RemapSpec& k, int64_t y, int64_t h, int64_t w, const RemapScratch& row) {
  if (k.kind == MapKind::radial) return radial_row(k.radial, y, w, row);
  if (k.kind == MapKind::grid) {
    for (int64_t x = 0; x < w; ++x) row.x[x] = within_reach(k.xs[x]);
    for (int64_t x = 0; x < w; ++x) row.y[x] = within_reach(k.ys[y]);
    return;
  }
  const int32_t *dx = k.shifts + y * w, *dy = k.shifts + (h + y) * w;
  const auto at = static_cast<float>(y);
  for (int64_t x = 0; x < w; ++x) {
    row.x[x] = within_reach(static_cast<float>(x) + static_cast<float>(dx[x]) * k.scale_x);
    row.y[x] = within_reach(at + static_cast<float>(dy[x]) * k.scale_y);
  }
}

inline int64_t bordered(int64_t i, int64_t n, MapBorder border) {
  if (i >= 0 && i < n) return i;
  return border == MapBorder::reflect_101 ? mirrored(i, n) : i < 0 ? 0 : n - 1;
}

// The pixel at a row and column; nullptr for the fill.
inline const uint8_t* pixel_at(const View& v, int64_t y, int64_t x, MapBorder border) {
  const bool in = y >= 0 && y < v.h && x >= 0 && x < v.w;
  if (!in && border == MapBorder::constant) return nullptr;
  return v.data + bordered(y, v.h, border) * v.sy + bordered(x, v.w, border) * v.sx;
}

template <typename T>
inline void nearest_row(const View& src, const RemapSpec& k, const RemapScratch& row, int64_t w, uint8_t* d,
                        const View& dst) {
  for (int64_t x = 0; x < w; ++x, d += dst.sx) {
    const auto ny = static_cast<int64_t>(__builtin_rintf(row.y[x])),
               nx = static_cast<int64_t>(__builtin_rintf(row.x[x]));
    const uint8_t* p = pixel_at(src, ny, nx, k.border);
    for (int64_t c = 0; c < src.c; ++c)
      store<T>(d + c * dst.sc, p == nullptr ? static_cast<T>(k.fill[c]) : load<T>(p + c * src.sc));
  }
}

template <typename T>
inline void gather_corner(const View& src, const uint8_t* p, const float* fill, float* out) {
  for (int64_t c = 0; c < src.c; ++c) out[c] = p == nullptr ? fill[c] : static_cast<float>(load<T>(p + c * src.sc));
}

// Channels: how many there are where the compiler is to know, else 0.
template <typename T, int64_t Channels>
inline void gather_row(const View& src, const RemapSpec& k, const RemapScratch& row, int64_t w) {
  const int64_t n = Channels > 0 ? Channels : src.c, sc = src.sc, sx = src.sx, sy = src.sy;
  const float *xs = row.x, *ys = row.y;
  float *as = row.a, *bs = row.b, *p0 = row.p[0], *p1 = row.p[1], *p2 = row.p[2], *p3 = row.p[3];
  for (int64_t x = 0; x < w; ++x) {
    const float left = __builtin_floorf(xs[x]), top = __builtin_floorf(ys[x]);
    const float a = xs[x] - left, b = ys[x] - top;
    const auto column = static_cast<int64_t>(left), line = static_cast<int64_t>(top);
    const int64_t at = x * n;
    for (int64_t c = 0; c < n; ++c) {
      as[at + c] = a;
      bs[at + c] = b;
    }
    if (line >= 0 && column >= 0 && line + 1 < src.h && column + 1 < src.w) {
      const uint8_t* p = src.data + line * sy + column * sx;
      for (int64_t c = 0; c < n; ++c) {
        const uint8_t* q = p + c * sc;
        p0[at + c] = static_cast<float>(load<T>(q));
        p1[at + c] = static_cast<float>(load<T>(q + sx));
        p2[at + c] = static_cast<float>(load<T>(q + sy));
        p3[at + c] = static_cast<float>(load<T>(q + sy + sx));
      }
      continue;
    }
    for (int64_t i = 0; i < 4; ++i)
      gather_corner<T>(src, pixel_at(src, line + i / 2, column + i % 2, k.border), k.fill, row.p[i] + at);
  }
}

// Leaves the blended samples in row.a.
inline void blend_row(const RemapScratch& row, int64_t n) {
  float* __restrict as = row.a;
  const float* __restrict bs = row.b, * __restrict p0 = row.p[0], * __restrict p1 = row.p[1], * __restrict p2 = row.p[2], * __restrict p3 = row.p[3];
  for (int64_t i = 0; i < n; ++i) as[i] = blend(bs[i], blend(as[i], p0[i], p1[i]), blend(as[i], p2[i], p3[i]));
}

template <typename T>
inline T to_sample(float v) {
  if constexpr (sizeof(T) == 4)
    return v;
  else
    return static_cast<T>(clamp(__builtin_rintf(v), 0.0F, sizeof(T) == 1 ? 255.0F : 65535.0F));
}

template <typename T>
inline void store_row(const RemapScratch& row, const View& dst, uint8_t* d) {
  const int64_t c = dst.c;
  if (dst.sx == c * static_cast<int64_t>(sizeof(T)) && (c == 1 || dst.sc == static_cast<int64_t>(sizeof(T)))) {
    for (int64_t i = 0; i < dst.w * c; ++i) store<T>(d + i * static_cast<int64_t>(sizeof(T)), to_sample<T>(row.a[i]));
    return;
  }
  for (int64_t j = 0; j < c; ++j)
    for (int64_t x = 0; x < dst.w; ++x) store<T>(d + x * dst.sx + j * dst.sc, to_sample<T>(row.a[x * c + j]));
}

#if TWL_ISA > 0
// A pixel some of whose corners are outside, or in the first column or row.
inline void rgb_at_border(const View& src, const RemapSpec& k, int64_t line, int64_t column, float a, float b,
                          uint8_t* d) {
  float corner[4][3];
  for (int64_t i = 0; i < 4; ++i)
    gather_corner<uint8_t>(src, pixel_at(src, line + i / 2, column + i % 2, k.border), k.fill, corner[i]);
  for (int64_t c = 0; c < 3; ++c)
    d[c] = to_sample<uint8_t>(blend(b, blend(a, corner[0][c], corner[1][c]), blend(a, corner[2][c], corner[3][c])));
}

inline void rgb_row(const View& src, const RemapSpec& k, const RemapScratch& row, int64_t w, uint8_t* d) {
  for (int64_t x = 0; x < w; ++x, d += 3) {
    const float left = __builtin_floorf(row.x[x]), top = __builtin_floorf(row.y[x]);
    const float a = row.x[x] - left, b = row.y[x] - top;
    const auto column = static_cast<int64_t>(left), line = static_cast<int64_t>(top);
    if (line < 1 || column < 1 || line + 1 >= src.h || column + 2 >= src.w) {
      rgb_at_border(src, k, line, column, a, b, d);
      continue;
    }
    const uint8_t* p = src.data + line * src.sy + column * 3;
    put_rgb(linear_rgb(p, p + src.sy, a, b), x + 1 < w, d);
  }
}
#endif

template <typename T>
void remap_of(const View& src, const View& dst, const RemapSpec& k, const RemapScratch& row) {
  for (int64_t y = 0; y < dst.h; ++y) {
    uint8_t* d = dst.data + y * dst.sy;
    map_row(k, y, dst.h, dst.w, row);
    if (k.nearest) {
      nearest_row<T>(src, k, row, dst.w, d, dst);
      continue;
    }
#if TWL_ISA > 0
    if constexpr (sizeof(T) == 1) {
      if (packed_rgb(src) && packed_rgb(dst)) {
        rgb_row(src, k, row, dst.w, d);
        continue;
      }
    }
#endif
    (dst.c == 3 ? gather_row<T, 3> : dst.c == 1 ? gather_row<T, 1> : gather_row<T, 0>)(src, k, row, dst.w);
    blend_row(row, dst.w * dst.c);
    store_row<T>(row, dst, d);
  }
}

void remap(const View& src, const View& dst, const RemapSpec& spec, const RemapScratch& scratch) {
  if (src.dtype == DType::u8)
    remap_of<uint8_t>(src, dst, spec, scratch);
  else if (src.dtype == DType::u16)
    remap_of<uint16_t>(src, dst, spec, scratch);
  else
    remap_of<float>(src, dst, spec, scratch);
}
