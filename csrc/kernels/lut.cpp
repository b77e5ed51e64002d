// Tables of 256 bytes.
#include "../lut.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "lut.inl.cpp"

}  // namespace

const LutKernels lut = {.apply = lut_apply};

}  // namespace twinlens::TWL_NS
