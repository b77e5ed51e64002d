// The mean of a window of bytes, sums in 32 or 16 bits. Blocks have one length, which lets the compiler make vectors.

template <int64_t N, typename Sum>
inline void box_down_block(const uint8_t* const* rows, int64_t at, int64_t taps, Sum* sums) {
  Sum sum[N] = {};
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t i = 0; i < N; ++i) sum[i] = static_cast<Sum>(sum[i] + rows[t][at + i]);
  __builtin_memcpy(sums + at, sum, sizeof sum);
}

// (sum + n / 2) / n, rounded down, for n <= kMostBox. With a half added the quotient is at least 1 / 2n from a whole
// number, and float32 is off by less than 2^-15 here.
template <int64_t N>
inline void box_across_block(const uint32_t* sums, int64_t step, int64_t taps, int64_t divisor, uint8_t* dst) {
  const float share = 1.0F / static_cast<float>(divisor), half = static_cast<float>(divisor / 2) + 0.5F;
  int32_t sum[N] = {};
  uint8_t mean[N];
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t i = 0; i < N; ++i) sum[i] += static_cast<int32_t>(sums[t * step + i]);
  for (int64_t i = 0; i < N; ++i)
    mean[i] = static_cast<uint8_t>(static_cast<int32_t>((static_cast<float>(sum[i]) + half) * share));
  __builtin_memcpy(dst, mean, sizeof mean);
}

template <typename Sum>
void box_down(const uint8_t* const* rows, int64_t n, int64_t taps, Sum* sums) {
  if (n < kBlock) {
    for (int64_t i = 0; i < n; ++i) box_down_block<1>(rows, i, taps, sums);
    return;
  }
  for_each_block(n, [&](int64_t i, int64_t) { box_down_block<kBlock>(rows, i, taps, sums); });
}

void box_across(const uint32_t* sums, int64_t n, int64_t step, int64_t taps, int64_t divisor, uint8_t* dst) {
  if (n < kBlock) {
    for (int64_t i = 0; i < n; ++i) box_across_block<1>(sums + i, step, taps, divisor, dst + i);
    return;
  }
  for_each_block(n, [&](int64_t i, int64_t) { box_across_block<kBlock>(sums + i, step, taps, divisor, dst + i); });
}

// v / divisor as v * factor / 2^(16 + shift), rounded down.
struct Share {
  uint32_t factor;
  int shift;

  // With the largest 16-bit factor, rounded up. It is too large by less than 1 / 32768 of itself, and v at most 255.5
  // times the divisor: up to kMostNarrowBox the quotient is less than 1 / divisor too large, and rounded as it should.
  explicit Share(uint32_t divisor) : factor(0), shift(16) {
    do factor = ((uint32_t{1} << (16 + --shift)) + divisor - 1) / divisor;
    while (factor > 65535);
  }
};

template <int64_t N>
inline void narrow_box_across_block(const uint16_t* sums, int64_t step, int64_t taps, uint16_t half, const Share& share,
                                    uint8_t* dst) {
  const auto factor = static_cast<uint16_t>(share.factor);
  uint16_t sum[N];
  uint8_t mean[N];
  for (int64_t i = 0; i < N; ++i) sum[i] = half;
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t i = 0; i < N; ++i) sum[i] = static_cast<uint16_t>(sum[i] + sums[t * step + i]);
  for (int64_t i = 0; i < N; ++i) {
    const auto high = static_cast<uint16_t>((static_cast<uint32_t>(sum[i]) * factor) >> 16);
    mean[i] = static_cast<uint8_t>(high >> share.shift);
  }
  __builtin_memcpy(dst, mean, sizeof mean);
}

void narrow_box_across(const uint16_t* sums, int64_t n, int64_t step, int64_t taps, int64_t divisor, uint8_t* dst) {
  const Share share(static_cast<uint32_t>(divisor));
  const auto half = static_cast<uint16_t>(divisor / 2);
  if (n < kBlock) {
    for (int64_t i = 0; i < n; ++i) narrow_box_across_block<1>(sums + i, step, taps, half, share, dst + i);
    return;
  }
  for_each_block(
      n, [&](int64_t i, int64_t) { narrow_box_across_block<kBlock>(sums + i, step, taps, half, share, dst + i); });
}
