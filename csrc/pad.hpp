// Borders around a picture.
#pragma once
#include "view.hpp"

namespace twinlens {

// reflect mirrors without repeating the edge pixel, symmetric repeats it (NumPy's and torchvision's names).
enum class PadMode : int { constant = 0, edge = 1, reflect = 2, symmetric = 3 };

// src lands in dst at (top, left); fill holds one value, or one a channel, in the units of the dtype.
void pad(const View& src, const View& dst, int64_t top, int64_t left, PadMode mode, const double* fill, int64_t fills);

}  // namespace twinlens
