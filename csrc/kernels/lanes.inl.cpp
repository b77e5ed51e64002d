// Samples side by side in one register, compared: a < b ? a : b in every lane, which says what becomes of NaN and of
// zeros. GCC and Clang make the minima and maxima of the ISA of it.
#if TWL_ISA == 2
constexpr int64_t kLaneBytes = 64;
#elif TWL_ISA == 1
constexpr int64_t kLaneBytes = 32;
#else
constexpr int64_t kLaneBytes = 16;
#endif

template <typename T>
struct Lanes {
  static constexpr int64_t kCount = kLaneBytes / static_cast<int64_t>(sizeof(T));
  typedef T Register __attribute__((vector_size(kLaneBytes)));
  typedef T Loose __attribute__((vector_size(kLaneBytes), aligned(alignof(T)), may_alias));  // anywhere in memory
  Register v;

  static Lanes load(const T* p) { return {*reinterpret_cast<const Loose*>(p)}; }
  void store(T* p) const { *reinterpret_cast<Loose*>(p) = v; }
};

// What rows shorter than a register are worked on with.
template <typename T>
struct OneLane {
  static constexpr int64_t kCount = 1;
  T v;

  static OneLane load(const T* p) { return {*p}; }
  void store(T* p) const { *p = v; }
};

template <typename V>
inline V smaller(V a, V b) {
  return {a.v < b.v ? a.v : b.v};
}

template <typename V>
inline V larger(V a, V b) {
  return {a.v > b.v ? a.v : b.v};
}

// Calls f(at) for blocks of kCount samples that cover n, no fewer than that. The last one ends with the row and repeats
// what it shares with the one before, so source and destination may not be the same memory.
template <int64_t kCount, typename F>
inline __attribute__((always_inline)) void for_each_lanes(int64_t n, F f) {
  int64_t at = 0;
  for (; at + kCount <= n; at += kCount) f(at);
  if (at < n) f(n - kCount);
}
