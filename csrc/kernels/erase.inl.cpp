// Filled rectangles. A random sample depends on its place in the picture alone: it is the same in every hole over it.

// The 16 bits as a level of an integer, or in 0..1.
template <typename T>
inline T uniform_sample(uint32_t bits) {
  if constexpr (sizeof(T) == 4)
    return (static_cast<float>(bits) + 0.5F) * (1.0F / 65536.0F);
  else
    return static_cast<T>(bits >> (16 - 8 * sizeof(T)));
}

template <typename T, typename F>
inline void fill_row(const View& v, const Hole& hole, int64_t y, F sample) {
  uint8_t* row = v.data + y * v.sy + hole.x * v.sx;
  for (int64_t x = 0; x < hole.w; ++x)
    for (int64_t c = 0; c < v.c; ++c) store<T>(row + x * v.sx + c * v.sc, sample(x, c));
}

// The first row by samples, the others as copies of it: whole, or a channel at a time.
template <typename T>
void fill_with(const View& v, const Hole& hole, const float* values) {
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  const auto value = [&](int64_t, int64_t c) { return static_cast<T>(values[c]); };
  const bool whole = v.sc == kItem && v.sx == v.c * kItem;
  const int64_t alike = whole || v.sx == kItem ? 1 : hole.h;  // rows that are filled by samples
  for (int64_t y = 0; y < alike; ++y) fill_row<T>(v, hole, hole.y + y, value);
  const int64_t runs = whole ? 1 : v.c;
  const auto bytes = static_cast<size_t>(hole.w * (whole ? v.c : 1) * kItem);
  for (int64_t c = 0; c < runs; ++c) {
    uint8_t* first = v.data + hole.y * v.sy + hole.x * v.sx + c * v.sc;
    for (int64_t y = alike; y < hole.h; ++y) __builtin_memcpy(first + y * v.sy, first, bytes);
  }
}

template <typename T>
void erase_of(const View& v, const Hole& hole, const EraseSpec& k, const float* normals) {
  if (k.fill == EraseFill::constant) return fill_with<T>(v, hole, k.values);
  for (int64_t y = hole.y; y < hole.y + hole.h; ++y) {
    random16(k.seed, static_cast<uint64_t>((y * v.w + hole.x) * v.c), hole.w * v.c, k.bits);
    const auto bits_at = [&](int64_t x, int64_t c) { return static_cast<uint32_t>(k.bits[x * v.c + c]); };
    if (k.fill == EraseFill::uniform)
      fill_row<T>(v, hole, y, [&](int64_t x, int64_t c) { return uniform_sample<T>(bits_at(x, c)); });
    else if constexpr (sizeof(T) == 4)
      fill_row<T>(v, hole, y, [&](int64_t x, int64_t c) { return normal_at(normals, bits_at(x, c)); });
  }
}

void erase(const View& picture, const Hole& hole, const EraseSpec& spec, const float* normals) {
  if (picture.dtype == DType::u8)
    erase_of<uint8_t>(picture, hole, spec, normals);
  else if (picture.dtype == DType::u16)
    erase_of<uint16_t>(picture, hole, spec, normals);
  else
    erase_of<float>(picture, hole, spec, normals);
}
