#include "../warp.hpp"

#include <cmath>
#include <limits>

#include "../copy.hpp"
#include "../premultiply.hpp"
#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr double kLargest = 1e9;         // of a matrix
constexpr double kFixedLimit = 32768.0;  // corners below it are walked in 16.16 integers
constexpr int64_t kMatrix = 8;

void check_transpose(const Args&, const View&) {}

// Rows and columns change places, then the picture is mirrored.
void do_transpose(State& s, const Args& a, bool) {
  View& v = s.now;
  if (a[1] != 0) {
    std::swap(v.h, v.w);
    std::swap(v.sy, v.sx);
  }
  if (a[2] != 0) {
    v.data += (v.w - 1) * v.sx;
    v.sx = -v.sx;
  }
  if (a[3] != 0) {
    v.data += (v.h - 1) * v.sy;
    v.sy = -v.sy;
  }
}

void check_warp(const Args& a, const View& now) {
  require(in_range(a[1], 0, static_cast<int64_t>(WarpMethod::cv_linear)), "warp: unknown method");
  require(in_range(a[3], 1, kMaxResult) && in_range(a[4], 1, kMaxResult), "warp: the result has no side, or too long");
  require(is_plain_number(now.dtype), "warp: takes uint8, uint16 and float32");
  require(a[5] == 0 || (now.dtype == DType::u8 && now.c > 1 && in_range(a[1], 1, 2)), "warp: nothing to premultiply");
  for (int64_t i = 0; i < kMatrix; ++i) require(std::fabs(a.reals[i]) <= kLargest, "warp: matrix out of range");
  const int64_t fills = a.op.real_count - kMatrix;
  require(fills == 1 || fills == now.c, "warp: fill has neither one value nor one a channel");
  const double max = now.dtype == DType::u8 ? 255 : now.dtype == DType::u16 ? 65535 : std::numeric_limits<float>::max();
  for (int64_t i = 0; i < fills; ++i) {
    const double fill = a.reals[kMatrix + i];
    require(fill <= max && fill >= (now.dtype == DType::f32 ? -max : 0), "warp: fill does not fit the dtype");
  }
}

// Pillow's table of an axis: added up step by step.
const int32_t* walked_axis(double scale, double offset, int64_t n, Arena& arena) {
  auto* table = arena.take_array<int32_t>(static_cast<size_t>(n));
  double at = offset + scale * 0.5;
  for (int64_t i = 0; i < n; ++i, at += scale)
    table[i] = at < 0 ? -1 : at >= 2147483647.0 ? 2147483647 : static_cast<int32_t>(at);
  return table;
}

bool all_near(const double* m, double w, double h) {
  const auto near = [&](double x, double y) {
    return std::fabs(x * m[0] + y * m[1] + m[2]) < kFixedLimit && std::fabs(x * m[3] + y * m[4] + m[5]) < kFixedLimit;
  };
  return near(0, 0) && near(w, h) && near(0, h) && near(w, 0);
}

void choose_walk(WarpJob& job, const View& dst, Arena& arena) {
  const double* m = job.m;
  if (job.perspective) {
    job.walk = WarpWalk::perspective;
  } else if (m[1] == 0 && m[3] == 0) {
    job.walk = WarpWalk::scale;
    job.columns = walked_axis(m[0], m[2], dst.w, arena);
    job.rows = walked_axis(m[4], m[5], dst.h, arena);
  } else if (all_near(m, static_cast<double>(dst.w), static_cast<double>(dst.h))) {
    job.walk = WarpWalk::fixed;
    const double at[6] = {m[0], m[1], m[2] + m[0] * 0.5 + m[1] * 0.5, m[3], m[4], m[5] + m[3] * 0.5 + m[4] * 0.5};
    for (int i = 0; i < 6; ++i) job.fixed[i] = static_cast<int64_t>(std::floor(at[i] * 65536.0 + 0.5));
  } else {
    job.walk = WarpWalk::sum;
  }
}

void run(const View& src, const View& dst, WarpJob& job, Arena& arena) {
  const WarpKernels& kernels = TWL_KERNELS(warp_kernels);
  if (job.method == WarpMethod::nearest) {
    choose_walk(job, dst, arena);
    kernels.nearest(src, dst, job);
  } else if (job.method == WarpMethod::bilinear || job.method == WarpMethod::bicubic) {
    kernels.blend(src, dst, job);
  } else {
    kernels.opencv(src, dst, job);
  }
}

void do_warp(State& s, const Args& a, bool last) {
  if (padded(s.now) && static_cast<WarpMethod>(a[1]) != WarpMethod::nearest) s.make_plain();
  WarpJob job{};
  for (int64_t i = 0; i < kMatrix; ++i) job.m[i] = a.reals[i];
  job.method = static_cast<WarpMethod>(a[1]);
  job.perspective = a[2] != 0;
  job.fill = a.reals + kMatrix;
  job.fills = a.op.real_count - kMatrix;
  const View dst = s.make(a[3], a[4], s.now.c, s.now.dtype, last);
  View src = s.now;
  if (a[5] != 0) {
    src = s.arena.image(s.now.h, s.now.w, s.now.c, s.now.dtype, false);
    copy(s.now, src);
    premultiply(src);
  }
  run(src, dst, job, s.arena);
  if (a[5] != 0) unpremultiply(dst);
  s.now = dst;
}

}  // namespace

// transposed, horizontal, vertical
const Operation transpose = {4, 0, check_transpose, do_transpose, true};

// method, perspective, out_h, out_w, premultiply | matrix (8), fill (one value, or one a channel)
const Operation warp = {6, kMatrix + 1, check_warp, do_warp};

}  // namespace twinlens::operations
