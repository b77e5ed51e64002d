// One row of a two-dimensional filter: float32 sums over blocks, tap after tap.

// A fused operation rounds once. In float64 the product of a sample and a weight is exact, and so is the sum unless
// weights differ by more than kFusedRange; where there is no such instruction, or they do, this is what is computed.
inline float add_through_double(float weight, float sample, float sum) {
  return static_cast<float>(static_cast<double>(weight) * static_cast<double>(sample) + static_cast<double>(sum));
}

template <FilterSum kSum>
inline void add_tap(const float* in, float weight, int64_t n, float* __restrict sum) {
  if constexpr (kSum == FilterSum::separate) {
    for (int64_t i = 0; i < n; ++i) sum[i] += weight * in[i];
#if TWL_ISA > 0
  } else if constexpr (kSum == FilterSum::fused) {
    for (int64_t i = 0; i < n; ++i) sum[i] = __builtin_fmaf(weight, in[i], sum[i]);
#endif
  } else {
    for (int64_t i = 0; i < n; ++i) sum[i] = add_through_double(weight, in[i], sum[i]);
  }
}

// To the nearest integer, half to even: adding 1.5 * 2^23 leaves no bits behind the point.
template <typename T>
inline void store_filtered(const float* sum, int64_t n, T* dst) {
  constexpr float kMax = sizeof(T) == 1 ? 255.0F : sizeof(T) == 2 ? 65535.0F : 1.0F, kShift = 12582912.0F;
  for (int64_t i = 0; i < n; ++i) {
    float v = sum[i] < 0.0F ? 0.0F : sum[i];
    v = v > kMax ? kMax : v;
    if constexpr (sizeof(T) == 4)
      dst[i] = v;
    else
      dst[i] = static_cast<T>(static_cast<int32_t>((v + kShift) - kShift));
  }
}

template <FilterSum kSum, typename T>
inline void filter_row_of(const FilterTaps& taps, const float* const* rows, int64_t n, int64_t step, T* dst) {
  constexpr int64_t kLength = 128;
  alignas(64) float sum[kLength];
  for (int64_t at = 0; at < n; at += kLength) {
    const int64_t count = n - at < kLength ? n - at : kLength;
    for (int64_t i = 0; i < kLength; ++i) sum[i] = 0.0F;
    for (int64_t t = 0; t < taps.n; ++t) {
      const float* in = rows[taps.row[t]] + taps.column[t] * step + at;
      if (count == kLength)
        add_tap<kSum>(in, taps.weight[t], kLength, sum);
      else
        add_tap<kSum>(in, taps.weight[t], count, sum);
    }
    store_filtered(sum, count, dst + at);
  }
}

template <typename T>
void filter_row(const FilterTaps& taps, const float* const* rows, int64_t n, int64_t step, T* dst) {
  if (taps.sum == FilterSum::fused)
    filter_row_of<FilterSum::fused>(taps, rows, n, step, dst);
  else if (taps.sum == FilterSum::through_double)
    filter_row_of<FilterSum::through_double>(taps, rows, n, step, dst);
  else
    filter_row_of<FilterSum::separate>(taps, rows, n, step, dst);
}

template <typename T>
void widen_row(const T* src, int64_t n, float* __restrict dst) {
  for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<float>(src[i]);
}
