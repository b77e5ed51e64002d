// Pillow's SMOOTH filter and its blend with the picture, one row at a time.

// SMOOTH is (S / 13 + 0.5) rounded down, S the sum of the eight neighbours and five times the centre.
inline uint32_t smoothed(const uint16_t* const* rows, int64_t i, int64_t step) {
  uint32_t sum = 4U * rows[1][i];
  for (int64_t r = 0; r < 3; ++r) sum += static_cast<uint32_t>(rows[r][i - step]) + rows[r][i] + rows[r][i + step];
  return (2 * sum + 13) / 26;
}

// In 16 bits: S is whole, so S + 6 will do, and 5042 / 2^16 is near enough to 1 / 13 for sums below 6553.
inline uint16_t smoothed(const uint8_t* const* rows, int64_t i, int64_t step) {
  uint16_t sum = static_cast<uint16_t>(4 * rows[1][i] + 6);
  for (int64_t r = 0; r < 3; ++r) sum = static_cast<uint16_t>(sum + rows[r][i - step] + rows[r][i] + rows[r][i + step]);
  return static_cast<uint16_t>((static_cast<uint32_t>(sum) * 5042U) >> 16);
}

template <typename T>
inline void sharpness_of(const T* const* rows, int64_t n, int64_t step, float factor, T* __restrict dst) {
  constexpr float kMax = sizeof(T) == 1 ? 255.0F : 65535.0F;
  const T* row = rows[1];
  __builtin_memcpy(dst, row, static_cast<size_t>(step) * sizeof(T));
  __builtin_memcpy(dst + n - step, row + n - step, static_cast<size_t>(step) * sizeof(T));
  constexpr int64_t kLength = 64;
  decltype(smoothed(rows, 0, 0)) smooth[kLength];
  for (int64_t at = step; at < n - step; at += kLength) {
    const int64_t count = n - step - at < kLength ? n - step - at : kLength;
    for (int64_t i = 0; i < count; ++i) smooth[i] = smoothed(rows, at + i, step);
    for (int64_t i = 0; i < count; ++i) {
      const auto mean = static_cast<int32_t>(smooth[i]);
      const float moved = factor * static_cast<float>(static_cast<int32_t>(row[at + i]) - mean);
      const float blended = static_cast<float>(mean) + moved;
      const float low = blended < 0.0F ? 0.0F : blended;
      dst[at + i] = static_cast<T>(static_cast<int32_t>(low > kMax ? kMax : low));
    }
  }
}

void sharpness_u8(const uint8_t* const* rows, int64_t n, int64_t step, float factor, uint8_t* dst) {
  sharpness_of(rows, n, step, factor, dst);
}

void sharpness_u16(const uint16_t* const* rows, int64_t n, int64_t step, float factor, uint16_t* dst) {
  sharpness_of(rows, n, step, factor, dst);
}

// torchvision's float form: the nine products are added row by row, and the blend starts from the picture.
void sharpness_f32(const float* const* rows, int64_t n, int64_t step, float factor, float* dst) {
  constexpr float kSide = 1.0F / 13.0F, kCentre = 5.0F / 13.0F;
  const float* row = rows[1];
  for (int64_t i = 0; i < n; ++i) {
    float v = row[i];
    if (i >= step && i < n - step) {
      float sum = 0.0F;
      for (int64_t r = 0; r < 3; ++r) {
        sum += kSide * rows[r][i - step];
        sum += (r == 1 ? kCentre : kSide) * rows[r][i];
        sum += kSide * rows[r][i + step];
      }
      v += (sum - v) * factor;
    }
    v = v < 0.0F ? 0.0F : v;
    dst[i] = v > 1.0F ? 1.0F : v;
  }
}
