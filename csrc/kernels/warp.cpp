#include "../warp.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "gather_rgb.inl.cpp"
#include "lookup_rgb.inl.cpp"
// After those that they call.
#include "linear_rgb.inl.cpp"
#include "warp.inl.cpp"
#include "warp_blend.inl.cpp"
#include "warp_opencv.inl.cpp"

}  // namespace

const WarpKernels warp_kernels = {.nearest = warp_nearest, .blend = warp_blend, .opencv = warp_opencv};

}  // namespace twinlens::TWL_NS
