// What the files that know Python share.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "image.hpp"

namespace twinlens {

namespace py = pybind11;

using Ints = py::array_t<int64_t, py::array::c_style>;
using Reals = py::array_t<double, py::array::c_style>;
using Keys = py::array_t<uint64_t, py::array::c_style>;

template <typename T>
py::array_t<T> like(std::vector<py::ssize_t> shape) {
  return py::array_t<T>(std::move(shape));
}

inline DType dtype_of(int code) {
  if (code < 0 || code > static_cast<int>(DType::bf16)) throw std::invalid_argument("native: unknown dtype code");
  return static_cast<DType>(code);
}

// Keys, draws and the tables that follow from sizes.
void define_draws(py::module_& m);

// Kernels of plugins.
void define_kernels(py::module_& m);

// Parts of JPEGs.
void define_jpeg(py::module_& m);

}  // namespace twinlens
