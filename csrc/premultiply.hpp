// Colour times alpha, as Pillow converts RGBA to RGBa and back; uint8, the last channel is alpha, in place.
#pragma once
#include "view.hpp"

namespace twinlens {

void premultiply(const View& v);
void unpremultiply(const View& v);

}  // namespace twinlens
