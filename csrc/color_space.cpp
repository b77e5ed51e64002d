#include "color_space.hpp"

#include <cmath>

namespace twinlens {
namespace {

// OpenCV, modules/imgproc/src/color_hsv.simd.hpp: RGB2HSV_b.
HsvTables make_hsv_tables() {
  HsvTables t{};
  for (int i = 1; i < 256; ++i) {
    t.saturation[i] = static_cast<int32_t>(std::rint((255 << 12) / static_cast<double>(i)));
    t.hue[i] = static_cast<int32_t>(std::rint((180 << 12) / (6.0 * i)));
  }
  return t;
}

}  // namespace

void convert_color_space(const View& src, const View& dst, ColorSpaceKind kind) {
  static const HsvTables hsv = make_hsv_tables();
  const ColorSpaceKernels& k = TWL_KERNELS(color_space);
  switch (kind) {
    case ColorSpaceKind::rgb_to_hsv:
      return k.rgb_to_hsv(src, dst, hsv);
    case ColorSpaceKind::hsv_to_rgb:
      return k.hsv_to_rgb(src, dst);
    case ColorSpaceKind::rgb_to_ycrcb:
      return k.rgb_to_ycrcb(src, dst);
    case ColorSpaceKind::ycrcb_to_rgb:
      return k.ycrcb_to_rgb(src, dst);
  }
}

}  // namespace twinlens
