// Changes of dtype as torchvision.transforms.v2.functional.to_dtype makes them.
#pragma once
#include "view.hpp"

namespace twinlens {

// uint8, uint16 and float32 to uint8, uint16 and float32. With scale, 1.0 and the largest integer stand for each other:
// float to integer is trunc(x * (max + 1 - 1e-3)), integer to integer shifts by 8 bits; without, values are cast.
// Floats outside the integer range saturate, NaN becomes 0.
void convert_dtype(const View& src, const View& dst, bool scale);

}  // namespace twinlens
