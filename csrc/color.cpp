#include "color.hpp"

#include "dispatch.hpp"
#include "lab.hpp"

namespace twinlens {
namespace {

constexpr GrayWeights kPillow{{19595, 38470, 7471}, 16, {0.299f, 0.587f, 0.114f}};
constexpr GrayWeights kOpenCV{{9798, 19235, 3735}, 15, {0.299f, 0.587f, 0.114f}};

}  // namespace

const GrayWeights& pillow_gray() { return kPillow; }

void convert_color(const View& src, const View& dst, ColorKind kind, Arena&) {
  const Kernels& k = kernels();
  switch (kind) {
    case ColorKind::gray_pillow:
      return k.gray(src, dst, kPillow);
    case ColorKind::gray_opencv:
      return k.gray(src, dst, kOpenCV);
    case ColorKind::swap_rb:
      return k.swap_rb(src, dst);
    case ColorKind::rgb_to_lab:
      return rgb_to_lab(src, dst, srgb_tables());
    case ColorKind::lab_to_rgb:
      return lab_to_rgb(src, dst, srgb_tables());
  }
}

}  // namespace twinlens
