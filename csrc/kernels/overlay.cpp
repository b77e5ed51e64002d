#include "../overlay.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "samples.inl.cpp"

#include "overlay.inl.cpp"

}  // namespace

const OverlayKernels overlay_kernels = {
    .scale_span = scale_span,
};

}  // namespace twinlens::TWL_NS
