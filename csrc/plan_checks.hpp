// What an operation may be asked for, checked before a pixel is touched.
#pragma once
#include "plan.hpp"

namespace twinlens {

// Throws std::invalid_argument where the parameters `ints` and `reals` of `op` do not fit the picture `now`, whatever
// they hold. A row has the lengths that OpCode names.
void check_op(const Op& op, const int64_t* ints, const double* reals, const View& now);

// Throws for pictures that the 32-bit indices of the kernels cannot address.
void check_picture(const View& picture);

}  // namespace twinlens
