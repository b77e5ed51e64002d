// The one table that needs no looking up.

inline bool is_inverse(const uint8_t* table) {
  uint32_t differs = 0;
  for (uint32_t i = 0; i < 256; ++i) differs |= table[i] ^ (255U - i);
  return differs == 0;
}

// lut_apply, without looking anything up where the table turns values upside down.
void lut_apply_or_invert(const uint8_t* src, uint8_t* dst, int64_t n, const uint8_t* table) {
  if (!is_inverse(table)) return lut_apply(src, dst, n, table);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    uint8_t block[64];
    for (int64_t k = 0; k < 64; ++k) block[k] = static_cast<uint8_t>(255 - src[i + k]);
    __builtin_memcpy(dst + i, block, 64);
  }
  for (; i < n; ++i) dst[i] = static_cast<uint8_t>(255 - src[i]);
}
