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
#include "blocks.inl.cpp"
#include "color.inl.cpp"
#include "clahe.inl.cpp"

}  // namespace

const Kernels table = {
    .resample_h_u8 = resample_h_u8,
    .resample_v_u8 = resample_v_u8,
    .resample_h_real = resample_h_real,
    .resample_v_real = resample_v_real,
    .normalize = normalize,
    .copy_plane = copy_plane,
    .gray = gray,
    .swap_rb = swap_rb,
    .rgb_to_lab = rgb_to_lab,
    .lab_to_rgb = lab_to_rgb,
    .clahe_lut_u8 = clahe_lut_u8,
    .clahe_lut_u16 = clahe_lut_u16,
    .clahe_pack_u8 = clahe_pack_u8,
    .clahe_blend_u8 = clahe_blend_u8,
    .clahe_blend_u16 = clahe_blend_u16,
};

}  // namespace twinlens::TWL_NS
