#include "../noise.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "samples.inl.cpp"

#include "random.inl.cpp"

#include "noise_iso.inl.cpp"

#include "noise.inl.cpp"

}  // namespace

const NoiseKernels noise_kernels = {
    .noise = noise,
    .random16 = random16,
    .lightness_sums = lightness_sums,
};

}  // namespace twinlens::TWL_NS
