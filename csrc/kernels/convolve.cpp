// The filters' kernels; see table.cpp.
#include "../convolve.hpp"
#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "blur.inl.cpp"
#include "box.inl.cpp"
#include "filter2d.inl.cpp"
#include "sharpness.inl.cpp"

}  // namespace

const ConvolveKernels convolve = {
    .filter_row_u8 = filter_row<uint8_t>,
    .filter_row_u16 = filter_row<uint16_t>,
    .filter_row_f32 = filter_row<float>,
    .widen_u8 = widen_row<uint8_t>,
    .widen_u16 = widen_row<uint16_t>,
    .gaussian_down = gaussian_down,
    .gaussian_across = gaussian_across,
    .fixed_down_u8 = fixed_down<uint8_t>,
    .fixed_down_u16 = fixed_down<uint16_t>,
    .fixed_across_u8 = fixed_across<uint8_t>,
    .fixed_across_u16 = fixed_across<uint16_t>,
    .box_down = box_down<uint32_t>,
    .box_across = box_across,
    .narrow_box_down = box_down<uint16_t>,
    .narrow_box_across = narrow_box_across,
    .real_down = real_down,
    .real_across = real_across,
    .sharpness_u8 = sharpness_u8,
    .sharpness_u16 = sharpness_u16,
    .sharpness_f32 = sharpness_f32,
};

}  // namespace twinlens::TWL_NS
