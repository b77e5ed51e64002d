// What an operation reads of a picture.
#pragma once
#include <array>
#include <vector>

#include "plan.hpp"

namespace twinlens {

// y, x, h, w of what one operation with these parameters reads of an h x w picture, or somewhat more; zeros for all of
// it.
std::array<int64_t, 4> window_read(OpCode code, const std::vector<int64_t>& ints, const std::vector<double>& reals,
                                   int64_t h, int64_t w);

}  // namespace twinlens
