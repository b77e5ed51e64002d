// Medians by networks and by counting; smallest and largest samples.

template <typename V>
inline void exchange(V& a, V& b) {
  const V low = smaller(b, a);
  b = larger(a, b);
  a = low;
}

// Recursion instead of a loop, so that places are constants and the compiler
// keeps them in registers.
template <int kSize, int kAt, typename V>
inline __attribute__((always_inline)) void sort_down(V* v) {
  if constexpr (kAt < Network<kSize>::downs) {
    exchange(v[Network<kSize>::down[kAt].low], v[Network<kSize>::down[kAt].high]);
    sort_down<kSize, kAt + 1>(v);
  }
}

template <int kSize, int kAt, typename V>
inline __attribute__((always_inline)) void select_across(V* v) {
  if constexpr (kAt < Network<kSize>::acrosses) {
    exchange(v[Network<kSize>::across[kAt].low], v[Network<kSize>::across[kAt].high]);
    select_across<kSize, kAt + 1>(v);
  }
}

template <int kSize, int kAt, typename T, typename V>
inline __attribute__((always_inline)) void load_column(const T* const* rows, int64_t i, V* v) {
  if constexpr (kAt < kSize) {
    v[kAt] = V::load(rows[kAt] + i);
    load_column<kSize, kAt + 1>(rows, i, v);
  }
}

template <int kSize, int kAt, typename T, typename V>
inline __attribute__((always_inline)) void store_column(const V* v, int64_t stride, T* out) {
  if constexpr (kAt < kSize) {
    v[kAt].store(out + kAt * stride);
    store_column<kSize, kAt + 1>(v, stride, out);
  }
}

template <int kSize, int kAt, typename T, typename V>
inline __attribute__((always_inline)) void load_window(const T* sorted, int64_t stride, int64_t step, V* v) {
  if constexpr (kAt < kSize * kSize) {
    v[kAt] = V::load(sorted + kAt / kSize * stride + kAt % kSize * step);
    load_window<kSize, kAt + 1>(sorted, stride, step, v);
  }
}

// Columns are sorted once; the windows of `kSize` neighbours share them. Those at the ends are repeated as they are.
template <int kSize, typename V, typename T>
void median_of(const T* const* rows, const MedianRow& row, T* sorted, T* dst) {
  constexpr int64_t kReach = kSize / 2;
  const int64_t n = row.n, step = row.step, stride = row.stride;
  const T* from[kSize];
  for (int r = 0; r < kSize; ++r) from[r] = rows[r];
  T* inner = sorted + kReach * step;
  for_each_lanes<V::kCount>(n, [&](int64_t at) {
    V v[kSize];
    load_column<kSize, 0>(from, at, v);
    sort_down<kSize, 0>(v);
    store_column<kSize, 0>(v, stride, inner + at);
  });
  for (int64_t r = 0; r < kSize; ++r) {
    T *first = inner + r * stride, *last = first + n - step;
    for (int64_t i = 1; i <= kReach * step; ++i) {
      first[-i] = first[step - i];
      last[step + i - 1] = last[i - 1];
    }
  }
  for_each_lanes<V::kCount>(n, [&](int64_t at) {
    V v[kSize * kSize];
    load_window<kSize, 0>(sorted + at, stride, step, v);
    select_across<kSize, 0>(v);
    v[Network<kSize>::median].store(dst + at);
  });
}

template <int kSize, typename T>
void median_of_row(const T* const* rows, const MedianRow& row, T* sorted, T* dst) {
  if (row.n < Lanes<T>::kCount)
    median_of<kSize, OneLane<T>>(rows, row, sorted, dst);
  else
    median_of<kSize, Lanes<T>>(rows, row, sorted, dst);
}

template <typename T>
void median(int64_t size, const T* const* rows, const MedianRow& row, T* sorted, T* dst) {
  if (size == 3)
    median_of_row<3>(rows, row, sorted, dst);
  else if (size == 5)
    median_of_row<5>(rows, row, sorted, dst);
  else
    median_of_row<7>(rows, row, sorted, dst);
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

template <bool kLargest, typename V>
inline V winner(V a, V b) {
  if constexpr (kLargest) return larger(a, b);
  return smaller(a, b);
}

// kWide registers at a time, so that a tap's address is looked up once for all of them.
template <bool kLargest, int kWide, typename V, typename T>
inline void extreme_block(const T* const* taps, int64_t count, int64_t at, T* dst) {
  V best[kWide];
  for (int j = 0; j < kWide; ++j) best[j] = V::load(taps[0] + at + j * V::kCount);
  for (int64_t t = 1; t < count; ++t) {
    const T* tap = taps[t] + at;
    for (int j = 0; j < kWide; ++j) best[j] = winner<kLargest>(V::load(tap + j * V::kCount), best[j]);
  }
  for (int j = 0; j < kWide; ++j) best[j].store(dst + at + j * V::kCount);
}

template <bool kLargest, int kWide, typename V, typename T>
inline void extreme_blocks(const T* const* taps, int64_t count, int64_t n, T* dst) {
  for_each_lanes<kWide * V::kCount>(n, [&](int64_t at) { extreme_block<kLargest, kWide, V>(taps, count, at, dst); });
}

template <bool kLargest, typename T>
void extreme_of(const T* const* taps, int64_t count, int64_t n, T* dst) {
  constexpr int kWide = 4;
  if (n >= kWide * Lanes<T>::kCount) return extreme_blocks<kLargest, kWide, Lanes<T>>(taps, count, n, dst);
  if (n >= Lanes<T>::kCount) return extreme_blocks<kLargest, 1, Lanes<T>>(taps, count, n, dst);
  extreme_blocks<kLargest, 1, OneLane<T>>(taps, count, n, dst);
}

template <typename T>
void extreme(const T* const* taps, int64_t count, int64_t n, bool largest, T* dst) {
  if (largest)
    extreme_of<true>(taps, count, n, dst);
  else
    extreme_of<false>(taps, count, n, dst);
}
