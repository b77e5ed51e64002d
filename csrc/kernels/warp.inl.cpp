// What the warps share, and nearest neighbours. Formulas: Pillow 13, libImaging/Geometry.c.

// Where the n pixels of a row from column x on come from; centres at halves.
struct Coordinates {
  alignas(64) double x[kBlock], y[kBlock];
};

inline void coordinates(const WarpJob& job, int64_t row, int64_t x, int64_t n, Coordinates& at) {
  const double* m = job.m;
  const double yin = static_cast<double>(row) + 0.5, across = m[1] * yin, down = m[4] * yin;
  for (int64_t i = 0; i < n; ++i) {
    const double xin = static_cast<double>(static_cast<int32_t>(x + i)) + 0.5;
    at.x[i] = m[0] * xin + across + m[2];
    at.y[i] = m[3] * xin + down + m[5];
  }
  if (!job.perspective) return;
  const double tilt = m[7] * yin;
  for (int64_t i = 0; i < n; ++i) {
    const double q = m[6] * (static_cast<double>(static_cast<int32_t>(x + i)) + 0.5) + tilt + 1.0;
    at.x[i] /= q;
    at.y[i] /= q;
  }
}

// False for NaN.
inline bool within(double x, double y, const View& v) {
  return x >= 0.0 && x < static_cast<double>(v.w) && y >= 0.0 && y < static_cast<double>(v.h);
}

inline int64_t clamped(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

template <typename T>
inline T fill_of(const WarpJob& job, int64_t c) {
  return static_cast<T>(job.fill[job.fills == 1 ? 0 : c]);
}

// Pixels at bytes `at` of the source, `fill` where not `ok`.
template <typename T>
void put_places(const View& src, const View& dst, int64_t row, int64_t x, int64_t n, const int64_t* at,
                const uint8_t* ok, const WarpJob& job) {
  uint8_t* d = dst.data + row * dst.sy + x * dst.sx;
  if (sizeof(T) == 1 && src.c == 3 && src.sc == 1 && dst.sc == 1) {
    const uint8_t fill[3] = {fill_of<uint8_t>(job, 0), fill_of<uint8_t>(job, 1), fill_of<uint8_t>(job, 2)};
    for (int64_t i = 0; i < n; ++i) __builtin_memcpy(d + i * dst.sx, ok[i] != 0 ? src.data + at[i] : fill, 3);
    return;
  }
  for (int64_t c = 0; c < src.c; ++c) {
    const T fill = fill_of<T>(job, c);
    const uint8_t* s = src.data + c * src.sc;
    for (int64_t i = 0; i < n; ++i)
      store_sample(d + i * dst.sx + c * dst.sc, ok[i] != 0 ? load_sample<T>(s + at[i]) : fill);
  }
}

// Calls put for blocks of a row; `where(x, i, row, column)` sets the source of pixel x + i, anywhere.
template <typename T, typename F>
void nearest_row(const View& src, const View& dst, int64_t row, const WarpJob& job, F where) {
  int64_t at[kBlock];
  uint8_t ok[kBlock];
  for (int64_t x = 0; x < dst.w; x += kBlock) {
    const int64_t n = dst.w - x < kBlock ? dst.w - x : kBlock;
    for (int64_t i = 0; i < n; ++i) {
      int64_t sy, sx;
      where(x + i, &sy, &sx);
      const bool inside = sy >= 0 && sy < src.h && sx >= 0 && sx < src.w;
      ok[i] = inside ? 1 : 0;
      at[i] = inside ? sy * src.sy + sx * src.sx : 0;
    }
    put_places<T>(src, dst, row, x, n, at, ok, job);
  }
}

// Towards zero; -1 outside.
inline int64_t truncated(double v, int64_t n) {
  return v >= 0.0 && v < static_cast<double>(n) ? static_cast<int64_t>(v) : -1;
}

template <typename T>
void nearest_sum(const View& src, const View& dst, const WarpJob& job) {
  const double* m = job.m;
  double xo = m[2] + m[1] * 0.5 + m[0] * 0.5, yo = m[5] + m[4] * 0.5 + m[3] * 0.5;
  for (int64_t row = 0; row < dst.h; ++row) {
    double xx = xo, yy = yo;
    nearest_row<T>(src, dst, row, job, [&](int64_t, int64_t* y, int64_t* x) {
      *y = truncated(yy, src.h);
      *x = truncated(xx, src.w);
      xx += m[0];
      yy += m[3];
    });
    xo += m[1];
    yo += m[4];
  }
}

inline bool is_rgb(const View& v) { return v.dtype == DType::u8 && v.c == 3 && v.sc == 1; }

// A row of interleaved 8-bit colour. Along a row the source moves one way in x and in y, so that what is inside lies
// together: `copy(first, end, d)` copies the first of these pixels to d and says how far it came.
template <typename F, typename Copy>
void rgb_row(const View& src, const View& dst, int64_t row, const WarpJob& job, F where, Copy copy) {
  const auto source = [&](int64_t i) -> const uint8_t* {
    int64_t sy, sx;
    where(i, &sy, &sx);
    return sy >= 0 && sy < src.h && sx >= 0 && sx < src.w ? src.data + sy * src.sy + sx * src.sx : nullptr;
  };
  int64_t first = 0, end = dst.w;
  while (first < end && source(first) == nullptr) ++first;
  while (end > first && source(end - 1) == nullptr) --end;
  const uint8_t fill[3] = {fill_of<uint8_t>(job, 0), fill_of<uint8_t>(job, 1), fill_of<uint8_t>(job, 2)};
  uint8_t* d = dst.data + row * dst.sy;
  for (int64_t i = 0; i < first; ++i) __builtin_memcpy(d + i * dst.sx, fill, 3);
  for (int64_t i = end; i < dst.w; ++i) __builtin_memcpy(d + i * dst.sx, fill, 3);
  if (first == end) return;
  for (int64_t i = src.sx == 3 && dst.sx == 3 ? copy(first, end, d) : first; i < end; ++i) {
    int64_t sy, sx;
    where(i, &sy, &sx);
    __builtin_memcpy(d + i * dst.sx, src.data + sy * src.sy + sx * src.sx, 3);
  }
}

// Whether the columns that lie inside follow one another, as under a shift.
inline bool is_consecutive(const int32_t* columns, int64_t n, int64_t w) {
  for (int64_t i = 1; i < n; ++i) {
    const bool both = columns[i - 1] >= 0 && columns[i - 1] < w && columns[i] >= 0 && columns[i] < w;
    if (both && columns[i] != columns[i - 1] + 1) return false;
  }
  return true;
}

template <typename T>
void nearest_of(const View& src, const View& dst, const WarpJob& job) {
  if (job.walk == WarpWalk::sum) return nearest_sum<T>(src, dst, job);
  const bool rgb = is_rgb(src) && is_rgb(dst);
  const bool consecutive = rgb && job.walk == WarpWalk::scale && is_consecutive(job.columns, dst.w, src.w);
  for (int64_t row = 0; row < dst.h; ++row) {
    if (job.walk == WarpWalk::scale) {
      const auto where = [&](int64_t i, int64_t* y, int64_t* x) {
        *y = job.rows[row];
        *x = job.columns[i];
      };
      const auto copy = [&](int64_t first, int64_t end, uint8_t* d) {
        if (!consecutive) return first;
        const uint8_t* p = src.data + job.rows[row] * src.sy + job.columns[first] * 3;
        __builtin_memcpy(d + first * 3, p, static_cast<size_t>((end - first) * 3));
        return end;
      };
      rgb ? rgb_row(src, dst, row, job, where, copy) : nearest_row<T>(src, dst, row, job, where);
    } else if (job.walk == WarpWalk::fixed) {
      const int64_t* a = job.fixed;
      const int64_t across = a[2] + a[1] * row, down = a[5] + a[4] * row;
      const auto where = [&](int64_t i, int64_t* y, int64_t* x) {
        *y = (down + a[3] * i) >> 16;
        *x = (across + a[0] * i) >> 16;
      };
      const auto copy = [&](int64_t first, int64_t end, uint8_t* d) {
        return gather_rgb(src, {across, down, a[0], a[3]}, first, end, d);
      };
      rgb ? rgb_row(src, dst, row, job, where, copy) : nearest_row<T>(src, dst, row, job, where);
    } else {
      Coordinates at;
      nearest_row<T>(src, dst, row, job, [&](int64_t i, int64_t* y, int64_t* x) {
        if (i % kBlock == 0) coordinates(job, row, i, dst.w - i < kBlock ? dst.w - i : kBlock, at);
        *y = truncated(at.y[i % kBlock], src.h);
        *x = truncated(at.x[i % kBlock], src.w);
      });
    }
  }
}

void warp_nearest(const View& src, const View& dst, const WarpJob& job) {
  if (src.dtype == DType::u8)
    nearest_of<uint8_t>(src, dst, job);
  else if (src.dtype == DType::u16)
    nearest_of<uint16_t>(src, dst, job);
  else
    nearest_of<float>(src, dst, job);
}
