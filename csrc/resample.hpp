// Antialiased resizing with Pillow's arithmetic: horizontal pass, then vertical.
#pragma once
#include "arena.hpp"
#include "filters.hpp"
#include "normalize.hpp"

namespace twinlens {

// The result is out_h x out_w, made from the box (x0, y0, x1, y1) of the source; dst receives the part of it that
// begins at (roi_y, roi_x) and has dst's size. Only that part, and the source rows under it, are computed. mirrored:
// dst receives it with left and right exchanged.
struct ResampleSpec {
  Filter filter;
  int64_t out_h, out_w;
  float box[4];
  int64_t roi_y, roi_x;
  bool mirrored = false;
};

// Whether there is a horizontal pass, which can mirror for nothing; without one `mirrored` must not be asked for.
bool has_horizontal_pass(const View& src, const ResampleSpec& spec);

void resample(const View& src, const View& dst, const ResampleSpec& spec, Arena& arena);

// The same, normalised row by row while it is in the cache; dst is of a float type. False: not done, for it pays only
// for interleaved uint8 that is resized in both directions.
bool resample_normalized(const View& src, const View& dst, const ResampleSpec& spec, const Normalizer& then,
                         Arena& arena);

// uint8 with the last channel as alpha: multiplied in before, taken out after, as Pillow does for RGBA and LA.
void resample_premultiplied(const View& src, const View& dst, const ResampleSpec& spec, Arena& arena);

}  // namespace twinlens
