// The axis tables of OpenCV's resize (modules/imgproc/src/resize.cpp, version 5.0), in double where OpenCV uses double.
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "resample_cv.hpp"

namespace twinlens {
namespace {

constexpr int kLinearScale = 2048;  // INTER_RESIZE_COEF_SCALE
constexpr double kAreaEdge = 1e-3;  // an overlap smaller than this is dropped

double axis_scale(int64_t in, int64_t out) { return 1.0 / (static_cast<double>(out) / static_cast<double>(in)); }

int64_t clamp_index(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

int32_t to_fixed(float w, int scale) {
  return static_cast<int32_t>(std::nearbyint(static_cast<double>(w * static_cast<float>(scale))));
}

// A source position: the sample at or before it, and how far behind that sample it lies.
struct Position {
  int64_t index;
  float fraction;
};

Position linear_position(const CvAxis& a, int64_t d) {
  const double x = (static_cast<double>(d) + 0.5) * axis_scale(a.in, a.out) - 0.5;
  const auto fx = static_cast<float>(x);
  const float s = std::floor(fx);
  return {static_cast<int64_t>(s), fx - s};
}

Position area_up_position(const CvAxis& a, int64_t d) {
  const double inv = static_cast<double>(a.out) / static_cast<double>(a.in);
  const auto s = static_cast<int64_t>(std::floor(static_cast<double>(d) * axis_scale(a.in, a.out)));
  const auto f = static_cast<float>(static_cast<double>(d + 1) - static_cast<double>(s + 1) * inv);
  return {s, f <= 0.0F ? 0.0F : f - std::floor(f)};
}

// Columns outside take the border sample alone; rows outside keep their weights and clamp both indices.
void linear_taps(const CvAxis& a, Position p, int32_t* index, float* weight) {
  if (a.horizontal && (p.index < 0 || p.index >= a.in - 1)) p = {clamp_index(p.index, a.in), 0.0F};
  index[0] = static_cast<int32_t>(clamp_index(p.index, a.in));
  index[1] = static_cast<int32_t>(clamp_index(p.index + 1, a.in));
  weight[0] = 1.0F - p.fraction;
  weight[1] = p.fraction;
}

// Keys' cubic with a = -0.75; the last weight is what the others leave.
void cubic_taps(const CvAxis& a, Position p, int32_t* index, float* weight) {
  const float k = -0.75F, x = p.fraction, y = 1.0F - x;
  float w[4];
  w[0] = ((k * (x + 1.0F) - 5.0F * k) * (x + 1.0F) + 8.0F * k) * (x + 1.0F) - 4.0F * k;
  w[1] = ((k + 2.0F) * x - (k + 3.0F)) * x * x + 1.0F;
  w[2] = ((k + 2.0F) * y - (k + 3.0F)) * y * y + 1.0F;
  w[3] = 1.0F - w[0] - w[1] - w[2];
  for (int t = 0; t < 4; ++t) {
    const int from = a.horizontal ? t : 3 - t;  // OpenCV's vector code adds the rows from the last one up
    index[t] = static_cast<int32_t>(clamp_index(p.index - 1 + from, a.in));
    weight[t] = w[from];
  }
}

// Rational coordinates: the position is ((2d + 1) in - out) / (2 out), its fraction rounded to the fixed point.
void exact_taps(const CvAxis& a, int64_t d, int32_t* index, int32_t* weight) {
  const int32_t one = a.dtype == DType::u8 ? 256 : 65536;
  const int64_t num = (2 * d + 1) * a.in - a.out, den = 2 * a.out;
  int64_t s = num >= 0 ? num / den : -1;
  const double fraction = static_cast<double>(num - s * den) / static_cast<double>(den);
  auto w = static_cast<int32_t>(std::nearbyint(fraction * one));
  if (s < 0 || s >= a.in - 1) {
    s = clamp_index(s, a.in);
    w = 0;
  }
  index[0] = static_cast<int32_t>(s);
  index[1] = static_cast<int32_t>(clamp_index(s + 1, a.in));
  weight[0] = one - w;
  weight[1] = w;
}

// The source cells under one output cell: a part of a first one, whole ones, a part of a last one.
struct Cells {
  int64_t begin, end;  // the whole ones
  bool head, tail;
  float head_weight, weight, tail_weight;
};

Cells area_cells(const CvAxis& a, int64_t d) {
  const double scale = axis_scale(a.in, a.out), n = static_cast<double>(a.in);
  const double from = static_cast<double>(d) * scale, to = from + scale;
  const double width = std::fmin(scale, n - from);
  Cells c{};
  c.end = static_cast<int64_t>(std::fmin(std::floor(to), n - 1));
  c.begin = static_cast<int64_t>(std::ceil(from));
  c.begin = c.begin < c.end ? c.begin : c.end;
  const double before = static_cast<double>(c.begin) - from, behind = to - static_cast<double>(c.end);
  c.head = before > kAreaEdge;
  c.tail = behind > kAreaEdge;
  c.head_weight = static_cast<float>(before / width);
  c.weight = static_cast<float>(1.0 / width);
  c.tail_weight = static_cast<float>(std::fmin(std::fmin(behind, 1.0), width) / width);
  return c;
}

int64_t cell_count(const Cells& c) { return c.end - c.begin + (c.head ? 1 : 0) + (c.tail ? 1 : 0); }

void area_taps(const Cells& c, int64_t taps, int32_t* index, float* weight) {
  int64_t t = 0;
  const auto put = [&](int64_t i, float w) {
    index[t] = static_cast<int32_t>(i);
    weight[t++] = w;
  };
  if (c.head) put(c.begin - 1, c.head_weight);
  for (int64_t i = c.begin; i < c.end; ++i) put(i, c.weight);
  if (c.tail) put(c.end, c.tail_weight);
  const int64_t last = t > 0 ? index[t - 1] : c.end;
  while (t < taps) put(last, 0.0F);
}

int64_t nearest_index(const CvAxis& a, int64_t d) {
  const auto i = static_cast<int64_t>(std::floor(static_cast<double>(d) * axis_scale(a.in, a.out)));
  return i < a.in - 1 ? i : a.in - 1;
}

// Pillow's NEAREST adds the scale up in double; where it starts matters, so an axis is walked from its first output.
void fill_nearest_exact(const CvAxis& a, int32_t* index) {
  const double scale = static_cast<double>(a.in) / static_cast<double>(a.out);
  double at = scale * 0.5;
  for (int64_t d = 0; d < a.first + a.n; ++d, at += scale) {
    if (d >= a.first) index[d - a.first] = static_cast<int32_t>(clamp_index(static_cast<int64_t>(at), a.in));
  }
}

void fill_block(const CvAxis& a, int64_t taps, int32_t* index, int32_t* fixed) {
  const int64_t size = a.in / a.out;
  for (int64_t i = 0; i < a.n * taps; ++i) {
    const int64_t t = i % taps, in_block = t < size ? t : size - 1;
    index[i] = static_cast<int32_t>((a.first + i / taps) * size + in_block);
    if (fixed != nullptr) fixed[i] = t < size ? 1 : 0;
  }
}

void real_taps(const CvAxis& a, int64_t d, int64_t taps, int32_t* index, float* weight) {
  switch (a.branch) {
    case CvBranch::cubic:
      return cubic_taps(a, linear_position(a, d), index, weight);
    case CvBranch::area_up:
      return linear_taps(a, area_up_position(a, d), index, weight);
    case CvBranch::area:
      return area_taps(area_cells(a, d), taps, index, weight);
    default:
      return linear_taps(a, linear_position(a, d), index, weight);
  }
}

bool is_block(double scale_h, double scale_w) {
  return std::fabs(scale_h - std::nearbyint(scale_h)) < DBL_EPSILON &&
         std::fabs(scale_w - std::nearbyint(scale_w)) < DBL_EPSILON;
}

}  // namespace

CvBranch cv_branch(CvMethod method, DType dtype, int64_t channels, int64_t in_h, int64_t in_w, int64_t out_h,
                   int64_t out_w) {
  const bool halved = in_h == 2 * out_h && in_w == 2 * out_w;
  // OpenCV's vector code for 2x2 blocks of integers covers these numbers of channels; others take the general mean.
  const bool quad = dtype != DType::f32 && (channels == 1 || channels == 3 || channels == 4);
  const CvBranch mean = halved && quad ? CvBranch::quad : CvBranch::block;
  switch (method) {
    case CvMethod::nearest:
      return CvBranch::nearest;
    case CvMethod::nearest_exact:
      return CvBranch::nearest_exact;
    case CvMethod::cubic:
      return CvBranch::cubic;
    case CvMethod::linear:
      return halved ? mean : CvBranch::linear;
    case CvMethod::linear_exact:
      // Float images take LINEAR; so do more than four channels where they are halved.
      if (halved && (dtype == DType::f32 || channels > 4)) return mean;
      return dtype == DType::f32 ? CvBranch::linear : CvBranch::linear_exact;
    default:
      break;
  }
  const double scale_h = axis_scale(in_h, out_h), scale_w = axis_scale(in_w, out_w);
  if (scale_h < 1.0 || scale_w < 1.0) return CvBranch::area_up;
  return is_block(scale_h, scale_w) ? mean : CvBranch::area;
}

bool cv_is_fixed(CvBranch branch, DType dtype) {
  switch (branch) {
    case CvBranch::linear:
    case CvBranch::area_up:
    case CvBranch::cubic:
      return dtype == DType::u8;
    case CvBranch::area:
      return false;
    default:
      return true;
  }
}

int64_t cv_axis_taps(const CvAxis& axis) {
  switch (axis.branch) {
    case CvBranch::nearest:
    case CvBranch::nearest_exact:
      return 1;
    case CvBranch::cubic:
      return 4;
    case CvBranch::block:
    case CvBranch::quad:
      return axis.in / axis.out;
    case CvBranch::area:
      break;
    default:
      return 2;
  }
  int64_t most = 1;
  for (int64_t d = axis.first; d < axis.first + axis.n; ++d) {
    const int64_t count = cell_count(area_cells(axis, d));
    most = count > most ? count : most;
  }
  return most;
}

void cv_axis_fill(const CvAxis& axis, int64_t taps, int32_t* index, int32_t* fixed, float* real) {
  const bool nearest = axis.branch == CvBranch::nearest || axis.branch == CvBranch::nearest_exact;
  if (nearest && fixed != nullptr) std::fill_n(fixed, axis.n, 1);
  if (axis.branch == CvBranch::nearest_exact) return fill_nearest_exact(axis, index);
  if (axis.branch == CvBranch::block || axis.branch == CvBranch::quad) return fill_block(axis, taps, index, fixed);
  const bool is_fixed = cv_is_fixed(axis.branch, axis.dtype);
  for (int64_t i = 0; i < axis.n; ++i) {
    const int64_t d = axis.first + i;
    int32_t* at = index + i * taps;
    if (axis.branch == CvBranch::nearest) {
      at[0] = static_cast<int32_t>(nearest_index(axis, d));
    } else if (axis.branch == CvBranch::linear_exact) {
      exact_taps(axis, d, at, fixed + i * taps);
    } else if (!is_fixed) {
      real_taps(axis, d, taps, at, real + i * taps);
    } else {
      float w[4];
      real_taps(axis, d, taps, at, w);
      for (int64_t t = 0; t < taps; ++t) fixed[i * taps + t] = to_fixed(w[t], kLinearScale);
    }
  }
}

}  // namespace twinlens
