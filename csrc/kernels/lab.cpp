#include "../lab.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "lab_fits.inl.cpp"
// After those that they call.
#include "lab_words.inl.cpp"
// And after that:
#include "lab.inl.cpp"

}  // namespace

const LabKernels lab_kernels = {.rgb_to_lab = rgb_to_lab, .lab_to_rgb = lab_to_rgb};

}  // namespace twinlens::TWL_NS
