// Contrast limited adaptive histogram equalisation: OpenCV's createCLAHE, bit for bit.
#pragma once
#include "arena.hpp"
#include "image.hpp"

namespace twinlens {

enum class ClaheMode { channel = 0, lab = 1 };

// dst has the size, channels and dtype of src and may not overlap it. Any strides; images smaller than the grid too.
// channel: every channel by itself, any number of them, uint8 or uint16. lab: the L channel of 3-channel uint8 RGB.
// A clip_limit that is not above 0 (or is NaN) turns clipping off. The grid is at least 1 x 1.
void clahe(const View& src, const View& dst, double clip_limit, int64_t grid_y, int64_t grid_x, ClaheMode mode,
           Arena& arena);

}  // namespace twinlens
