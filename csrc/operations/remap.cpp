#include "../remap.hpp"

#include <cmath>

#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kFirstTap = 9;
constexpr double kLargest = 1e9;  // of a number in a map: keeps every product finite
constexpr int64_t kMaxRadius = 1 << 14;

MapKind kind_of(const Args& a) { return static_cast<MapKind>(a[1]); }

// How many of the reals describe the map; the fill follows.
int64_t numbers_of(const Args& a) {
  if (kind_of(a) == MapKind::elastic) return 2;
  return kind_of(a) == MapKind::radial ? kRadialNumbers : a[5] + a[6];
}

void check_taps(const int64_t* taps, int64_t radius) {
  int64_t sum = 0;
  for (int64_t i = 0; i <= radius; ++i) {
    require(in_range(taps[i], 0, 1 << 15), "remap: a weight out of range");
    sum += i == 0 ? taps[0] : 2 * taps[i];
  }
  require(sum == 1 << 15, "remap: the weights do not add up to 2^15");
}

void check_fill(const Args& a, const View& now, int64_t numbers) {
  const int64_t n = a.op.real_count - numbers;
  require(n == 1 || n == now.c, "remap: fill has neither one value nor one a channel");
  const double max = now.dtype == DType::u8 ? 255.0 : now.dtype == DType::u16 ? 65535.0 : 3e38;
  for (int64_t i = 0; i < n; ++i) {
    const double v = a.reals[numbers + i];
    require(v <= max && v >= (now.dtype == DType::f32 ? -max : 0.0), "remap: fill does not fit the dtype");
  }
}

void check_remap(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "remap: takes uint8, uint16 and float32");
  require(in_range(a[1], 0, static_cast<int64_t>(MapKind::radial)), "remap: unknown kind");
  require(in_range(a[3], 0, static_cast<int64_t>(MapBorder::replicate)), "remap: unknown border");
  require(in_range(a[5], 0, kMaxResult) && in_range(a[6], 0, kMaxResult), "remap: too many places");
  require(kind_of(a) != MapKind::grid || (now.w <= a[5] && now.h <= a[6]), "remap: too few places");
  require(in_range(a[7], 0, kMaxRadius) && in_range(a[8], 0, kMaxRadius), "remap: radius");
  require(a.op.int_count == kFirstTap + a[7] + a[8] + 2, "remap: a wrong number of weights");
  check_taps(a.ints + kFirstTap, a[7]);
  check_taps(a.ints + kFirstTap + a[7] + 1, a[8]);
  const int64_t numbers = numbers_of(a);
  require(a.op.real_count > numbers, "remap: too few numbers");
  for (int64_t i = 0; i < numbers; ++i) require(std::fabs(a.reals[i]) <= kLargest, "remap: a number is not finite");
  check_fill(a, now, numbers);
}

template <typename T, typename V>
T* converted(Arena& arena, const V* values, int64_t n) {
  T* out = arena.take_array<T>(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(values[i]);
  return out;
}

const int32_t* shifts_of(const Args& a, const View& now, Arena& arena) {
  const auto pixels = static_cast<size_t>(now.h * now.w), w = static_cast<size_t>(now.w);
  auto* out = arena.take_array<int32_t>(2 * pixels);
  const Scratch scratch(arena);
  const int64_t* taps = a.ints + kFirstTap;
  const Smoothing kernel{converted<int32_t>(arena, taps, a[7] + 1),
                         converted<int32_t>(arena, taps + a[7] + 1, a[8] + 1), a[7], a[8]};
  const SmoothingScratch memory{arena.take_array<uint16_t>(w),
                                arena.take_array<int32_t>(w + 2 * static_cast<size_t>(a[7])),
                                arena.take_array<int32_t>(pixels)};
  TWL_KERNELS(remap_kernels).smooth_noise(static_cast<uint64_t>(a[4]), now.h, now.w, kernel, memory, out);
  return out;
}

RemapSpec spec_of(const Args& a, const View& now, Arena& arena) {
  RemapSpec spec{};
  spec.kind = kind_of(a);
  spec.nearest = a[2] != 0;
  spec.border = static_cast<MapBorder>(a[3]);
  const int64_t numbers = numbers_of(a);
  auto* fill = arena.take_array<float>(static_cast<size_t>(now.c));
  for (int64_t i = 0; i < now.c; ++i)
    fill[i] = static_cast<float>(a.reals[numbers + (a.op.real_count - numbers == 1 ? 0 : i)]);
  spec.fill = fill;
  spec.radial = a.reals;
  if (spec.kind == MapKind::grid) {
    spec.xs = converted<float>(arena, a.reals, a[5]);
    spec.ys = converted<float>(arena, a.reals + a[5], a[6]);
  } else if (spec.kind == MapKind::elastic) {
    spec.scale_x = static_cast<float>(a.reals[0]);
    spec.scale_y = static_cast<float>(a.reals[1]);
    spec.shifts = shifts_of(a, now, arena);
  }
  return spec;
}

void do_remap(State& s, const Args& a, bool last) {
  if (padded(s.now)) s.make_plain();
  const View dst = s.make_like(s.now, last);
  const Scratch scratch(s.arena);
  const RemapSpec spec = spec_of(a, s.now, s.arena);
  const auto w = static_cast<size_t>(dst.w), samples = static_cast<size_t>(dst.w * dst.c);
  RemapScratch row{};
  row.x = s.arena.take_array<float>(w);
  row.y = s.arena.take_array<float>(w);
  for (float*& p : row.p) p = s.arena.take_array<float>(samples);
  row.a = s.arena.take_array<float>(samples);
  row.b = s.arena.take_array<float>(samples);
  TWL_KERNELS(remap_kernels).remap(s.now, dst, spec, row);
  s.now = dst;
}

}  // namespace

// kind, nearest, border, seed, places across, places down, radius x, radius y, weights x..., weights y... | the numbers
// of the map, fill (one value, or one a channel)
const Operation remap = {11, 2, check_remap, do_remap};

}  // namespace twinlens::operations
