// HSV, YCrCb, matrices on colours, channels in another order.
#include "../color_space.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"

#include "color_space.inl.cpp"

}  // namespace

const ColorSpaceKernels color_space = {
    .rgb_to_hsv = rgb_to_hsv,
    .hsv_to_rgb = hsv_to_rgb,
    .rgb_to_ycrcb = rgb_to_ycrcb,
    .ycrcb_to_rgb = ycrcb_to_rgb,
    .matrix = color_matrix,
    .reorder_rgb = reorder_rgb,
};

}  // namespace twinlens::TWL_NS
