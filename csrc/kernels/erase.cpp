#include "../erase.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "samples.inl.cpp"

#include "random.inl.cpp"

#include "erase.inl.cpp"

}  // namespace

const EraseKernels erase_kernels = {
    .erase = erase,
};

}  // namespace twinlens::TWL_NS
