// Every pixel of interleaved colour through three tables, one a channel.
void lut_apply_rgb(const uint8_t* src, uint8_t* dst, int64_t n, const uint8_t* tables) {
  int64_t i = 0;
#if TWL_ISA == 2
  PixelBlock<uint8_t> px;
  for (; i + kBlock <= n; i += kBlock) {
    split_64(src + 3 * i, px.channel);
    for (int64_t c = 0; c < 3; ++c) lut_apply(px.channel[c], px.channel[c], kBlock, tables + c * kBins);
    join_64(px.channel, dst + 3 * i);
  }
#endif
  for (; i < n; ++i)
    for (int64_t c = 0; c < 3; ++c) dst[3 * i + c] = tables[c * kBins + src[3 * i + c]];
}
