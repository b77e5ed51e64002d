#include "../remap.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "lookup_rgb.inl.cpp"
#include "samples.inl.cpp"

#include "random.inl.cpp"

#include "smooth_noise.inl.cpp"

#include "remap.inl.cpp"

}  // namespace

const RemapKernels remap_kernels = {
    .remap = remap,
    .smooth_noise = smooth_noise,
};

}  // namespace twinlens::TWL_NS
