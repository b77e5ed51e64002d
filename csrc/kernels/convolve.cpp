// The filters' kernels; see table.cpp.
#include "../convolve.hpp"
#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "sharpness.inl.cpp"

}  // namespace

const ConvolveKernels convolve = {
    .sharpness_u8 = sharpness_u8,
    .sharpness_u16 = sharpness_u16,
    .sharpness_f32 = sharpness_f32,
};

}  // namespace twinlens::TWL_NS
