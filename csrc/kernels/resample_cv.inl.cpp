// Resizing by copies, by float32 taps and by block means; see resample_cv_fixed.inl.cpp for fixed point.
// Every float32 sum starts from +0 and takes one product at a time, so that a tap of weight 0 changes nothing.

template <int64_t Bytes>
void cv_copy_pixels(const uint8_t* src, uint8_t* dst, int64_t n, const int32_t* index) {
  for (int64_t i = 0; i < n; ++i) __builtin_memcpy(dst + i * Bytes, src + index[i] * Bytes, Bytes);
}

void cv_nearest_row(const uint8_t* src, uint8_t* dst, int64_t n, int64_t pixel_bytes, const int32_t* index) {
  switch (pixel_bytes) {
    case 1:
      return cv_copy_pixels<1>(src, dst, n, index);
    case 2:
      return cv_copy_pixels<2>(src, dst, n, index);
    case 3:
      return cv_copy_pixels<3>(src, dst, n, index);
    case 4:
      return cv_copy_pixels<4>(src, dst, n, index);
    case 6:
      return cv_copy_pixels<6>(src, dst, n, index);
    case 8:
      return cv_copy_pixels<8>(src, dst, n, index);
    case 12:
      return cv_copy_pixels<12>(src, dst, n, index);
    case 16:
      return cv_copy_pixels<16>(src, dst, n, index);
    default:
      break;
  }
  for (int64_t i = 0; i < n; ++i) {
    __builtin_memcpy(dst + i * pixel_bytes, src + index[i] * pixel_bytes, static_cast<size_t>(pixel_bytes));
  }
}

void cv_widen(DType dtype, const uint8_t* src, float* dst, int64_t items) {
  if (dtype == DType::u8) {
    for (int64_t j = 0; j < items; ++j) dst[j] = static_cast<float>(src[j]);
  } else if (dtype == DType::u16) {
    for (int64_t j = 0; j < items; ++j) {
      uint16_t v;
      __builtin_memcpy(&v, src + 2 * j, 2);
      dst[j] = static_cast<float>(v);
    }
  } else {
    __builtin_memcpy(dst, src, static_cast<size_t>(items) * 4);
  }
}

// Half to even: a float below 2^22 added to 1.5 * 2^23 leaves no fraction bits. It vectorises on every ISA.
inline int32_t cv_round_clipped(float v, float max) {
  const float magic = 12582912.0F;
  const float low = v > 0.0F ? v : 0.0F;
  const float clipped = low < max ? low : max;
  return static_cast<int32_t>((clipped + magic) - magic);
}

void cv_narrow(DType dtype, const float* src, uint8_t* dst, int64_t items) {
  if (dtype == DType::u8) {
    for (int64_t j = 0; j < items; ++j) dst[j] = static_cast<uint8_t>(cv_round_clipped(src[j], 255.0F));
  } else if (dtype == DType::u16) {
    for (int64_t j = 0; j < items; ++j) {
      const auto v = static_cast<uint16_t>(cv_round_clipped(src[j], 65535.0F));
      __builtin_memcpy(dst + 2 * j, &v, 2);
    }
  } else {
    __builtin_memcpy(dst, src, static_cast<size_t>(items) * 4);
  }
}

typedef float CvFour __attribute__((vector_size(16)));

// Three or four channels fill one vector. With three, the fourth lane reads and writes one item too far;
// the next output overwrites it.
template <int C, int Taps>
void cv_real_color(const float* src, float* dst, const CvTaps& t) {
  const int64_t taps = Taps > 0 ? Taps : t.taps, n = t.n;
  const int32_t* at = t.index;
  const float* w = t.real;
  for (int64_t i = 0; i < n; ++i, at += taps, w += taps) {
    CvFour sum = {0.0F, 0.0F, 0.0F, 0.0F};
    for (int64_t k = 0; k < taps; ++k) {
      CvFour px;
      __builtin_memcpy(&px, src + int64_t{at[k]} * C, 16);
      sum = sum + px * w[k];
    }
    __builtin_memcpy(dst + i * C, &sum, 16);
  }
}

template <int Taps>
void cv_real_any(const float* src, float* dst, int64_t channels, const CvTaps& t) {
  const int64_t taps = Taps > 0 ? Taps : t.taps, n = t.n;
  const int32_t* at = t.index;
  const float* w = t.real;
  for (int64_t i = 0; i < n; ++i, at += taps, w += taps) {
    for (int64_t c = 0; c < channels; ++c) {
      float sum = 0.0F;
      for (int64_t k = 0; k < taps; ++k) sum = sum + src[at[k] * channels + c] * w[k];
      dst[i * channels + c] = sum;
    }
  }
}

inline double cv_load_pair(const float* p) {
  double v;
  __builtin_memcpy(&v, p, 8);
  return v;
}

// One channel, two taps, four outputs at once. The second tap follows the first, or weighs 0.
inline void cv_real_gray_pairs(const float* src, float* dst, const CvTaps& t) {
  typedef double Pairs __attribute__((vector_size(16)));
  int64_t i = 0;
  const int64_t n = t.n;
  const int32_t* at = t.index;
  const float* w = t.real;
  for (; i + 4 <= n; i += 4, at += 8, w += 8) {
    const Pairs ab = {cv_load_pair(src + at[0]), cv_load_pair(src + at[2])};
    const Pairs cd = {cv_load_pair(src + at[4]), cv_load_pair(src + at[6])};
    CvFour wab, wcd;
    __builtin_memcpy(&wab, w, 16);
    __builtin_memcpy(&wcd, w + 4, 16);
    const CvFour pab = reinterpret_cast<CvFour>(ab) * wab, pcd = reinterpret_cast<CvFour>(cd) * wcd;
    const CvFour zero = {0.0F, 0.0F, 0.0F, 0.0F};
    const CvFour sum =
        (zero + __builtin_shufflevector(pab, pcd, 0, 2, 4, 6)) + __builtin_shufflevector(pab, pcd, 1, 3, 5, 7);
    __builtin_memcpy(dst + i, &sum, 16);
  }
  const CvTaps rest{n - i, 2, at, nullptr, w};
  cv_real_any<2>(src, dst + i, 1, rest);
}

template <int Taps>
void cv_real_row(const float* src, float* dst, int64_t channels, const CvTaps& t) {
  if (channels == 3) return cv_real_color<3, Taps>(src, dst, t);
  if (channels == 4) return cv_real_color<4, Taps>(src, dst, t);
  if (channels == 1 && Taps == 2) return cv_real_gray_pairs(src, dst, t);
  if (channels == 1) return cv_real_any<Taps>(src, dst, 1, t);
  cv_real_any<Taps>(src, dst, channels, t);
}

// src and dst have four readable and writable floats behind their last.
void cv_real_h(const float* src, float* dst, int64_t channels, const CvTaps& t) {
  switch (t.taps) {
    case 2:
      return cv_real_row<2>(src, dst, channels, t);
    case 3:
      return cv_real_row<3>(src, dst, channels, t);
    case 4:
      return cv_real_row<4>(src, dst, channels, t);
    default:
      return cv_real_row<0>(src, dst, channels, t);
  }
}

// sum = (start + r0 w0) + r1 w1, where start is +0 or the sum so far.
template <bool First>
inline void cv_add_two(float* __restrict sum, const float* r0, const float* r1, const float* w, int64_t n) {
  const float w0 = w[0], w1 = w[1];
  for (int64_t j = 0; j < n; ++j) sum[j] = ((First ? 0.0F : sum[j]) + r0[j] * w0) + r1[j] * w1;
}

template <bool First>
inline void cv_add_one(float* __restrict sum, const float* r0, const float* w, int64_t n) {
  const float w0 = w[0];
  for (int64_t j = 0; j < n; ++j) sum[j] = (First ? 0.0F : sum[j]) + r0[j] * w0;
}

void cv_real_v(const float* const* rows, const float* weights, int64_t taps, DType dtype, uint8_t* dst, int64_t items) {
  constexpr int64_t block = 512;
  const int64_t item = dtype == DType::u8 ? 1 : dtype == DType::u16 ? 2 : 4;
  float sum[block];
  for (int64_t from = 0; from < items; from += block) {
    const int64_t n = items - from < block ? items - from : block;
    int64_t t = taps >= 2 ? 2 : 1;
    if (t == 2) {
      cv_add_two<true>(sum, rows[0] + from, rows[1] + from, weights, n);
    } else {
      cv_add_one<true>(sum, rows[0] + from, weights, n);
    }
    for (; t + 2 <= taps; t += 2) cv_add_two<false>(sum, rows[t] + from, rows[t + 1] + from, weights + t, n);
    if (t < taps) cv_add_one<false>(sum, rows[t] + from, weights + t, n);
    cv_narrow(dtype, sum, dst + from * item, n);
  }
}

inline uint32_t cv_load_integer(DType dtype, const uint8_t* row, int64_t j) {
  if (dtype == DType::u8) return row[j];
  uint16_t v;
  __builtin_memcpy(&v, row + 2 * j, 2);
  return v;
}

inline void cv_add_row(DType dtype, const uint8_t* row, uint32_t* sum, int64_t items) {
  if (dtype == DType::u8) {
    for (int64_t j = 0; j < items; ++j) sum[j] += row[j];
  } else {
    for (int64_t j = 0; j < items; ++j) sum[j] += cv_load_integer(DType::u16, row, j);
  }
}

// Integer sums do not depend on the order: the rows first, then the columns of each block.
void cv_block_integer(const CvBlock& b, const uint8_t* src, uint8_t* dst, uint32_t* column, float* mean) {
  const int64_t items = b.n * b.block_w * b.channels;
  for (int64_t j = 0; j < items; ++j) column[j] = 0;
  for (int64_t y = 0; y < b.block_h; ++y) cv_add_row(b.dtype, src + y * b.row_stride, column, items);
  for (int64_t i = 0; i < b.n; ++i) {
    for (int64_t c = 0; c < b.channels; ++c) {
      const uint32_t* p = column + i * b.block_w * b.channels + c;
      uint32_t sum = 0;
      for (int64_t x = 0; x < b.block_w; ++x) sum += p[x * b.channels];
      // Whole numbers below 2^22 pass through the rounding of cv_narrow unchanged.
      mean[i * b.channels + c] =
          b.quad ? static_cast<float>((sum + 2) >> 2) : static_cast<float>(static_cast<int32_t>(sum)) * b.scale;
    }
  }
  cv_narrow(b.dtype, mean, dst, b.n * b.channels);
}

inline float cv_load_real(const CvBlock& b, const uint8_t* src, int64_t x0, int64_t k) {
  const int64_t y = k / b.block_w, x = k - y * b.block_w;
  const uint8_t* row = src + y * b.row_stride;
  const int64_t j = x0 + x * b.channels;
  if (b.dtype == DType::u16) return static_cast<float>(cv_load_integer(DType::u16, row, j));
  float v;
  __builtin_memcpy(&v, row + 4 * j, 4);
  return v;
}

// OpenCV's order: row by row, four at a time as ((a + b) + c) + d, what is left one by one.
void cv_block_real(const CvBlock& b, const uint8_t* src, uint8_t* dst, float* mean) {
  const int64_t area = b.block_h * b.block_w;
  for (int64_t i = 0; i < b.n; ++i) {
    for (int64_t c = 0; c < b.channels; ++c) {
      const int64_t x0 = i * b.block_w * b.channels + c;
      float sum = 0.0F;
      int64_t k = 0;
      for (; k + 4 <= area; k += 4) {
        float four = cv_load_real(b, src, x0, k) + cv_load_real(b, src, x0, k + 1);
        four = four + cv_load_real(b, src, x0, k + 2);
        sum = sum + (four + cv_load_real(b, src, x0, k + 3));
      }
      for (; k < area; ++k) sum = sum + cv_load_real(b, src, x0, k);
      mean[i * b.channels + c] = sum * b.scale;
    }
  }
  cv_narrow(b.dtype, mean, dst, b.n * b.channels);
}

// One output row from the block_h source rows at src. Sums of integers below 2^24 are exact in float32 too.
void cv_block_row(const CvBlock& b, const uint8_t* src, uint8_t* dst, uint32_t* column, float* mean) {
  const bool integer = b.dtype == DType::u8 || (b.dtype == DType::u16 && b.block_h * b.block_w <= 256);
  if (integer) {
    cv_block_integer(b, src, dst, column, mean);
  } else {
    cv_block_real(b, src, dst, mean);
  }
}
