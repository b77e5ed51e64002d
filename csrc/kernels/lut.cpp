// Tables of 256 bytes.
#include "../lut.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "lut.inl.cpp"
#include "lut_invert.inl.cpp"
// After those that it calls.
#include "lut_rgb.inl.cpp"

}  // namespace

const LutKernels lut = {.apply = lut_apply_or_invert, .apply_rgb = lut_apply_rgb};

}  // namespace twinlens::TWL_NS
