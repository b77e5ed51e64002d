// Pillow's colour adjustments.
#include "../adjust.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "gray.inl.cpp"
#include "lut.inl.cpp"
// After those that it calls.
#include "adjust.inl.cpp"
#include "adjust_packed.inl.cpp"

}  // namespace

const AdjustKernels adjust = {.run = run_adjust, .turn_hue = turn_hue};

}  // namespace twinlens::TWL_NS
