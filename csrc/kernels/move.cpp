// Pixels change places.
#include "../move.hpp"

#include "intrinsics.hpp"

namespace twinlens::TWL_NS {
namespace {

#include "move.inl.cpp"

}  // namespace

const MoveKernels move = {.reverse_row = reverse_row, .transpose = transpose};

}  // namespace twinlens::TWL_NS
