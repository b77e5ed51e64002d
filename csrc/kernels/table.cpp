// Compiled once per ISA with TWL_NS naming the namespace and TWL_ISA its rank. Everything included here has internal
// linkage, and nothing inline is shared with another translation unit: the linker would keep one copy for all ISAs.
#include "../kernels.hpp"

#if TWL_ISA > 0
#include <immintrin.h>
#endif

namespace twinlens::TWL_NS {
namespace {

#include "resample_u8.inl.cpp"
#include "resample_real.inl.cpp"
#include "normalize.inl.cpp"

}  // namespace

const Kernels table = {
    .resample_h_u8 = resample_h_u8,
    .resample_v_u8 = resample_v_u8,
    .resample_h_real = resample_h_real,
    .resample_v_real = resample_v_real,
    .normalize = normalize,
};

}  // namespace twinlens::TWL_NS
