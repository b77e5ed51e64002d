// Medians by networks and by counting; smallest and largest samples.

template <typename T>
inline void exchange(T& a, T& b) {
  const T low = b < a ? b : a;
  b = b < a ? a : b;
  a = low;
}

// Recursion instead of a loop, so that places are constants and the compiler
// keeps them in registers.
template <int kSize, int kAt, typename T>
inline __attribute__((always_inline)) void sort_down(T* v) {
  if constexpr (kAt < Network<kSize>::downs) {
    exchange(v[Network<kSize>::down[kAt].low], v[Network<kSize>::down[kAt].high]);
    sort_down<kSize, kAt + 1>(v);
  }
}

template <int kSize, int kAt, typename T>
inline __attribute__((always_inline)) void select_across(T* v) {
  if constexpr (kAt < Network<kSize>::acrosses) {
    exchange(v[Network<kSize>::across[kAt].low], v[Network<kSize>::across[kAt].high]);
    select_across<kSize, kAt + 1>(v);
  }
}

template <int kSize, int kAt, typename T>
inline __attribute__((always_inline)) void load_column(const T* const* rows, int64_t i, T* v) {
  if constexpr (kAt < kSize) {
    v[kAt] = rows[kAt][i];
    load_column<kSize, kAt + 1>(rows, i, v);
  }
}

template <int kSize, int kAt, typename T>
inline __attribute__((always_inline)) void store_column(const T* v, int64_t stride, T* out) {
  if constexpr (kAt < kSize) {
    out[kAt * stride] = v[kAt];
    store_column<kSize, kAt + 1>(v, stride, out);
  }
}

template <int kSize, int kAt, typename T>
inline __attribute__((always_inline)) void load_window(const T* sorted, int64_t stride, int64_t step, T* v) {
  if constexpr (kAt < kSize * kSize) {
    v[kAt] = sorted[kAt / kSize * stride + kAt % kSize * step];
    load_window<kSize, kAt + 1>(sorted, stride, step, v);
  }
}

// Rows go by in blocks of one length; the last one ends with the row and
// repeats what it shares with the one before, so that no sample is left for a
// loop of single ones.
constexpr int64_t kBlock = 64;

inline int64_t next_block(int64_t at, int64_t n) { return at + 2 * kBlock <= n ? at + kBlock : n - kBlock; }

template <int kSize, typename T>
inline __attribute__((always_inline)) void sort_columns(const T* const* rows, int64_t n, int64_t stride, int64_t at,
                                                        T* __restrict sorted) {
  const T* from[kSize];
  for (int r = 0; r < kSize; ++r) from[r] = rows[r] + at;
  for (int64_t i = 0; i < n; ++i) {
    T v[kSize];
    load_column<kSize, 0>(from, i, v);
    sort_down<kSize, 0>(v);
    store_column<kSize, 0>(v, stride, sorted + at + i);
  }
}

template <int kSize, typename T>
inline __attribute__((always_inline)) void select_medians(const T* __restrict sorted, int64_t n, int64_t stride,
                                                          int64_t step, T* __restrict dst) {
  for (int64_t i = 0; i < n; ++i) {
    T v[kSize * kSize];
    load_window<kSize, 0>(sorted + i, stride, step, v);
    select_across<kSize, 0>(v);
    dst[i] = v[Network<kSize>::median];
  }
}

// Columns are sorted once; the windows of `kSize` neighbours share them.
template <int kSize, typename T>
void median_of(const T* const* rows, int64_t n, int64_t step, T* sorted, T* dst) {
  const int64_t wide = n + (kSize - 1) * step;
  if (n < kBlock) {
    sort_columns<kSize>(rows, wide, wide, 0, sorted);
    return select_medians<kSize>(sorted, n, wide, step, dst);
  }
  for (int64_t at = 0;; at = next_block(at, wide)) {
    sort_columns<kSize>(rows, kBlock, wide, at, sorted);
    if (at + kBlock == wide) break;
  }
  for (int64_t at = 0;; at = next_block(at, n)) {
    select_medians<kSize>(sorted + at, kBlock, wide, step, dst + at);
    if (at + kBlock == n) break;
  }
}

template <typename T>
void median(int64_t size, const T* const* rows, int64_t n, int64_t step, T* sorted, T* dst) {
  if (size == 3)
    median_of<3>(rows, n, step, sorted, dst);
  else if (size == 5)
    median_of<5>(rows, n, step, sorted, dst);
  else
    median_of<7>(rows, n, step, sorted, dst);
}

// How many samples of the window have each value, and how many are below
// `value`, the median.
struct Counts {
  int32_t of[256];
  int32_t below;
  int32_t value;

  void change(uint8_t sample, int32_t by) {
    of[sample] += by;
    below += sample < value ? by : 0;
  }
  void settle(int32_t rank) {
    while (below > rank) below -= of[--value];
    while (below + of[value] <= rank) below += of[value++];
  }
};

void median_counted(int64_t size, const uint8_t* const* rows, int64_t n, int64_t step, uint8_t* dst) {
  const auto rank = static_cast<int32_t>(size * size / 2);
  for (int64_t c = 0; c < step; ++c) {
    Counts counts;
    __builtin_memset(&counts, 0, sizeof counts);
    for (int64_t r = 0; r < size; ++r)
      for (int64_t t = 0; t < size - 1; ++t) counts.change(rows[r][c + t * step], 1);
    for (int64_t i = c; i < n; i += step) {
      for (int64_t r = 0; r < size; ++r) counts.change(rows[r][i + (size - 1) * step], 1);
      counts.settle(rank);
      dst[i] = static_cast<uint8_t>(counts.value);
      for (int64_t r = 0; r < size; ++r) counts.change(rows[r][i], -1);
    }
  }
}

template <bool kLargest, typename T>
inline __attribute__((always_inline)) void extreme_block(const T* const* taps, int64_t count, int64_t at, int64_t n,
                                                         T* dst) {
  T best[kBlock];
  for (int64_t i = 0; i < n; ++i) best[i] = taps[0][at + i];
  for (int64_t t = 1; t < count; ++t) {
    const T* tap = taps[t] + at;
    for (int64_t i = 0; i < n; ++i) {
      const T v = tap[i], b = best[i];
      best[i] = (kLargest ? b < v : v < b) ? v : b;
    }
  }
  for (int64_t i = 0; i < n; ++i) dst[at + i] = best[i];
}

template <bool kLargest, typename T>
void extreme_of(const T* const* taps, int64_t count, int64_t n, T* dst) {
  if (n < kBlock) return extreme_block<kLargest>(taps, count, 0, n, dst);
  for (int64_t at = 0;; at = next_block(at, n)) {
    extreme_block<kLargest>(taps, count, at, kBlock, dst);
    if (at + kBlock == n) break;
  }
}

template <typename T>
void extreme(const T* const* taps, int64_t count, int64_t n, bool largest, T* dst) {
  if (largest)
    extreme_of<true>(taps, count, n, dst);
  else
    extreme_of<false>(taps, count, n, dst);
}
