#include "../overlay.hpp"

#include <algorithm>

#include "../copy.hpp"
#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kFirst = 3;                    // where the vertices begin
constexpr int64_t kFarthest = int64_t{1} << 20;  // of a vertex

struct Polygon {
  const int64_t* xy;
  int64_t vertices;
};

void check_overlay(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "overlay: takes uint8, uint16 and float32");
  const int64_t polygons = a.op.real_count, room = a.op.int_count - kFirst;
  require(in_range(a[2], 1, room) && in_range(a[1], 0, polygons), "overlay: more polygons than there are");
  require(room % 2 == 0 && room / 2 % a[2] == 0 && room / 2 / a[2] == polygons, "overlay: a wrong number of vertices");
  for (int64_t i = 0; i < room; ++i)
    require(in_range(a[kFirst + i], -kFarthest, kFarthest), "overlay: a vertex lies too far out");
  for (int64_t i = 0; i < polygons; ++i)
    require(a.reals[i] >= 0.0 && a.reals[i] <= 1e6, "overlay: a factor is negative or too large");
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

// The columns at which row y enters and leaves the polygon, in order; returns how many. An edge spans the rows from its
// upper end, included, to its lower one; columns strictly left of it are on its left.
int64_t crossings(const Polygon& p, int64_t y, int64_t width, int64_t* out) {
  int64_t n = 0;
  for (int64_t i = 0; i < p.vertices; ++i) {
    const int64_t* upper = p.xy + 2 * i;
    const int64_t* lower = p.xy + 2 * ((i + 1) % p.vertices);
    if (upper[1] > lower[1]) std::swap(upper, lower);
    if (y < upper[1] || y >= lower[1]) continue;
    const int64_t dx = lower[0] - upper[0], dy = lower[1] - upper[1];
    const int64_t right = upper[0] - floor_divide(-(y - upper[1]) * dx, dy);
    out[n++] = std::clamp<int64_t>(right, 0, width);
  }
  std::sort(out, out + n);
  return n;
}

void do_overlay(State& s, const Args& a, bool last) {
  const View dst = s.make_like(s.now, last);
  const Scratch scratch(s.arena);
  const int64_t vertices = a[2];
  auto* at = s.arena.take_array<int64_t>(static_cast<size_t>(vertices));
  copy(s.now, dst);
  for (int64_t i = 0; i < a[1]; ++i) {
    const Polygon polygon{a.ints + kFirst + 2 * vertices * i, vertices};
    const auto factor = static_cast<float>(a.reals[i]);
    for (int64_t y = 0; y < dst.h; ++y) {
      const int64_t n = crossings(polygon, y, dst.w, at);  // even: every closed line crosses a row as often back
      for (int64_t k = 0; k + 1 < n; k += 2)
        if (at[k] < at[k + 1]) TWL_KERNELS(overlay_kernels).scale_span(dst, y, at[k], at[k + 1] - at[k], factor);
    }
  }
  s.now = dst;
}

}  // namespace

// polygons that are there, vertices of each, then x y of every vertex | a factor a polygon
const Operation overlay = {4, 1, check_overlay, do_overlay};

}  // namespace twinlens::operations
