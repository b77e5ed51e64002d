// Two-dimensional filters of small support.
#pragma once
#include "arena.hpp"

namespace twinlens {

// Views here and in blur.hpp: uint8, uint16 or float32, both interleaved or both of one channel, rows `w * c` samples
// side by side; src and dst have one size and do not overlap.

// Pillow's Sharpness: 0 smooths, 1 is the picture, more sharpens. The first and last rows and columns stay, as does a
// picture with fewer than three of either.
void sharpness(const View& src, const View& dst, double factor);

}  // namespace twinlens
