// Which kernels run: the best that the CPU has, unless TWINLENS_ISA or set_isa says otherwise.
#pragma once
#include <string>
#include <vector>

#include "kernels.hpp"

namespace twinlens {

const Kernels& kernels();         // of the active ISA
const Kernels& kernels(Isa isa);  // of one that this CPU has
const char* isa_name(Isa isa);
std::vector<std::string> supported_isas();  // of this build on this CPU, slowest first
void set_isa(const std::string& name);      // throws std::invalid_argument

}  // namespace twinlens
