#include "lab.hpp"

#include <cmath>

namespace twinlens {
namespace {

int32_t round_to_int(double v) { return static_cast<int32_t>(std::rint(v)); }

// sRGB primaries and the D65 white point as OpenCV 5.0 has them (imgproc/src/color_lab.cpp).
constexpr double kToXyz[9] = {0.412453, 0.357580, 0.180423, 0.212671, 0.715160, 0.072169, 0.019334, 0.119193, 0.950227};
constexpr double kToRgb[9] = {3.240479, -1.53715, -0.498535, -0.969256, 1.875991,
                              0.041556, 0.055648, -0.204043, 1.057311};
constexpr double kWhite[3] = {0.950456, 1.0, 1.088754};

constexpr int kRootSize = 3072, kGammaSize = 4096;

struct LabStorage {
  alignas(64) int32_t linear[256];
  alignas(64) int32_t root[kRootSize];
  alignas(64) int32_t lightness[256];
  alignas(64) int32_t gamma[kGammaSize];
  alignas(64) uint16_t linear16[256], luminance16[256];
  LabTables tables{};

  LabStorage() {
    fill_forward();
    fill_lightness();
    fill_gamma();
    for (int i = 0; i < 256; ++i) {
      linear16[i] = static_cast<uint16_t>(linear[i]);
      luminance16[i] = static_cast<uint16_t>(lightness[i] & 0xffff);
    }
    tables.linear = linear;
    tables.root = root;
    tables.lightness = lightness;
    tables.gamma = gamma;
    tables.linear16 = linear16;
    tables.luminance16 = luminance16;
    for (int row = 0; row < 3; ++row)
      for (int col = 0; col < 3; ++col) {
        const int i = 3 * row + col;
        tables.to_xyz[i] = round_to_int(4096 * kToXyz[i] / kWhite[row]);
        tables.to_rgb[i] = round_to_int(4096 * kToRgb[i] * kWhite[col]);
      }
  }

  // IEC 61966-2-1 decoding times 8, then CIE 1976 f(t) in 15 bits. OpenCV computes the cube root in its soft float,
  // which at two near-ties rounds the other way than the exact value.
  void fill_forward() {
    for (int i = 0; i < 256; ++i) {
      const double v = i / 255.0;
      linear[i] = round_to_int(255 * 8 * (v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4)));
    }
    for (int i = 0; i < kRootSize; ++i) {
      const double t = i / (255 * 8.0);
      root[i] = round_to_int(32768 * (t < 216 / 24389.0 ? t * (841 / 108.0) + 16 / 116.0 : std::cbrt(t)));
    }
    root[49] = 9454;
    root[628] = 22126;
  }

  // Y (low half) and f(Y) (high half) of an 8-bit L in 14 bits, in float32 as OpenCV rounds them.
  void fill_lightness() {
    constexpr float kOne = 1 << 14;
    for (int k = 0; k < 256; ++k) {
      const auto l = static_cast<float>(k);
      float y, f;
      if (k <= 20) {
        y = (l * kOne * 180.0f) / (17.0f * 29.0f * 29.0f * 29.0f);
        f = kOne * (16.0f / 116.0f + (l * 5.0f) / (3.0f * 17.0f * 29.0f));
      } else {
        f = (l * 100.0f * kOne) / (255.0f * 116.0f) + (16.0f * kOne) / 116.0f;
        y = (f * f * f) / (kOne * kOne);
      }
      lightness[k] = (round_to_int(f) << 16) | round_to_int(y);
    }
  }

  void fill_gamma() {
    for (int i = 0; i < kGammaSize; ++i) {
      const double v = i / 4096.0;
      gamma[i] = round_to_int(255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055));
    }
  }
};

}  // namespace

const LabTables& srgb_tables() {
  static const LabStorage storage;
  return storage.tables;
}

void rgb_to_lab(const View& src, const View& dst, const LabTables& tables) {
  TWL_KERNELS(lab_kernels).rgb_to_lab(src, dst, tables);
}

void lab_to_rgb(const View& src, const View& dst, const LabTables& tables) {
  TWL_KERNELS(lab_kernels).lab_to_rgb(src, dst, tables);
}

}  // namespace twinlens
