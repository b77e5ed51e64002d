// Compiled once per ISA with TWL_NS naming the namespace and TWL_ISA its rank. Everything included here has internal
// linkage, and nothing inline is shared with another translation unit: the linker would keep one copy for all ISAs.
#include "../kernels.hpp"
#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "blocks.inl.cpp"
#include "gray.inl.cpp"
// Those that call them.
#include "clahe.inl.cpp"
#include "color.inl.cpp"
#include "normalize.inl.cpp"
#include "resample_cv.inl.cpp"
#include "resample_cv_fixed.inl.cpp"
#include "resample_real.inl.cpp"
#include "resample_u8.inl.cpp"

}  // namespace

const Kernels table = {
    .resample_h_u8 = resample_h_u8,
    .resample_v_u8 = resample_v_u8,
    .resample_h_real = resample_h_real,
    .resample_v_real = resample_v_real,
    .normalize = normalize,
    .copy_plane = copy_plane,
    .pack_rgb = pack_rgb,
    .gray = gray,
    .swap_rb = swap_rb,
    .clahe_lut_u8 = clahe_lut_u8,
    .clahe_lut_u16 = clahe_lut_u16,
    .clahe_pack_u8 = clahe_pack_u8,
    .clahe_blend_u8 = clahe_blend_u8,
    .clahe_blend_u16 = clahe_blend_u16,
    .cv_nearest_row = cv_nearest_row,
    .cv_pairs_h = cv_pairs_h,
    .cv_linear_v_u8 = cv_linear_v_u8,
    .cv_exact_v_u8 = cv_exact_v_u8,
    .cv_exact_h_u16 = cv_exact_h_u16,
    .cv_exact_v_u16 = cv_exact_v_u16,
    .cv_cubic_h_u8 = cv_cubic_h_u8,
    .cv_cubic_v_u8 = cv_cubic_v_u8,
    .cv_widen = cv_widen,
    .cv_real_h = cv_real_h,
    .cv_real_v = cv_real_v,
    .cv_block_row = cv_block_row,
};

}  // namespace twinlens::TWL_NS
