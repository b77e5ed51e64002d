// The mean of a window of bytes, sums in 32 bits. Blocks have one length, which lets the compiler make vectors.

template <int64_t N>
inline void box_down_block(const uint8_t* const* rows, int64_t at, int64_t taps, uint32_t* sums) {
  uint32_t sum[N] = {};
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t i = 0; i < N; ++i) sum[i] += rows[t][at + i];
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

void box_down(const uint8_t* const* rows, int64_t n, int64_t taps, uint32_t* sums) {
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
