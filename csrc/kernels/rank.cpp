#include "../rank.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "lanes.inl.cpp"

#include "rank_networks.inl.cpp"

#include "rank.inl.cpp"

}  // namespace

const RankKernels rank = {
    .median_u8 = median<uint8_t>,
    .median_u16 = median<uint16_t>,
    .median_f32 = median<float>,
    .median_counted = median_counted,
    .extreme_u8 = extreme<uint8_t>,
    .extreme_u16 = extreme<uint16_t>,
    .extreme_f32 = extreme<float>,
};

}  // namespace twinlens::TWL_NS
