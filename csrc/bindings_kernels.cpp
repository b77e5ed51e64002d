// Python's way to kernels of plugins.
#include <cstring>

#include "bindings.hpp"
#include "foreign.hpp"

namespace twinlens {
namespace {

int64_t add(const py::capsule& kernel) {
  if (kernel.name() == nullptr || std::strcmp(kernel.name(), TWINLENS_KERNEL_CAPSULE) != 0)
    throw std::invalid_argument(std::string("native: a kernel comes in a capsule named ") + TWINLENS_KERNEL_CAPSULE +
                                ", got " + (kernel.name() == nullptr ? "one without a name" : kernel.name()));
  return add_kernel(kernel.get_pointer<const twinlens_kernel>());
}

}  // namespace

void define_kernels(py::module_& m) { m.def("add_kernel", &add, py::arg("kernel")); }

}  // namespace twinlens
