#include "../denoise.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "denoise.inl.cpp"

#include "adaptive.inl.cpp"

}  // namespace

const DenoiseKernels denoise_kernels = {
    .non_local_means = non_local_means,
    .adaptive_threshold = adaptive_threshold,
};

}  // namespace twinlens::TWL_NS
