// Kernels of plugins as operations of a plan, see twinlens/kernel.h.
#pragma once
#include <twinlens/kernel.h>

#include "operation.hpp"

namespace twinlens {

// Takes a kernel up, which must stay where it is, and returns the code of its operation; the same one for the same
// kernel. Throws std::invalid_argument for one of another version, or without functions, and where there are too many.
int64_t add_kernel(const twinlens_kernel* kernel);

// nullptr for a code that add_kernel did not return.
const Operation* foreign_operation(int64_t code);

}  // namespace twinlens
