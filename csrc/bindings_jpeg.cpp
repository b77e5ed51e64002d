// Python's way to parts of JPEGs.
#include <cstring>
#include <optional>
#include <string>

#include "bindings.hpp"
#include "jpeg.hpp"
#include "view.hpp"

namespace twinlens {
namespace {

// A capsule of this name holds libjpeg's functions.
constexpr const char* kLibjpeg = "twinlens.Libjpeg";

std::optional<py::capsule> libjpeg(const std::string& path) {
  auto found = find_libjpeg(path.c_str());
  if (found == nullptr) return std::nullopt;
  return py::capsule(found.release(), kLibjpeg, [](void* p) { delete static_cast<const jpeg_abi::Functions*>(p); });
}

const uint8_t* bytes_of(const py::bytes& data) {
  return reinterpret_cast<const uint8_t*>(PyBytes_AS_STRING(data.ptr()));
}

size_t count_of(const py::bytes& data) { return static_cast<size_t>(PyBytes_GET_SIZE(data.ptr())); }

py::tuple size(const py::bytes& data) {
  const Size s = jpeg_size(bytes_of(data), count_of(data));
  return py::make_tuple(s.h, s.w);
}

bool decode_part(const py::capsule& library, const py::bytes& data, int64_t top, int64_t left, int64_t bottom,
                 int64_t right, py::array_t<uint8_t, py::array::c_style>& image) {
  if (library.name() == nullptr || std::strcmp(library.name(), kLibjpeg) != 0)
    throw std::invalid_argument("native: not what libjpeg() gives");
  if (image.ndim() != 3) throw std::invalid_argument("native: a JPEG is decoded to (H, W, C)");
  const View dst = dense(image.mutable_data(), image.shape(0), image.shape(1), image.shape(2), DType::u8, false);
  const auto& functions = *library.get_pointer<const jpeg_abi::Functions>();
  const uint8_t* from = bytes_of(data);
  const size_t count = count_of(data);
  const py::gil_scoped_release release;
  return decode_jpeg_part(functions, from, count, {top, left, bottom, right}, dst);
}

}  // namespace

void define_jpeg(py::module_& m) {
  m.def("libjpeg", &libjpeg, py::arg("path"));
  m.def("jpeg_size", &size, py::arg("data"));
  m.def("decode_jpeg_part", &decode_part, py::arg("library"), py::arg("data"), py::arg("top"), py::arg("left"),
        py::arg("bottom"), py::arg("right"), py::arg("image").noconvert());
}

}  // namespace twinlens
