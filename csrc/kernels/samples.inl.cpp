// Single samples, at any address.
template <typename T>
inline T load(const uint8_t* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <typename T>
inline void store(uint8_t* p, T v) {
  __builtin_memcpy(p, &v, sizeof v);
}

inline float clamp(float v, float low, float high) { return v < low ? low : v > high ? high : v; }
