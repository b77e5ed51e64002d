#include "../erase.hpp"

#include <cmath>

#include "../copy.hpp"
#include "../noise.hpp"
#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kFirst = 4;  // where the holes begin

int64_t holes_in(const Args& a) { return (a.op.int_count - kFirst) / 4; }

Hole hole_of(const Args& a, int64_t i) {
  const int64_t at = kFirst + 4 * i;
  return {a[at], a[at + 1], a[at + 2], a[at + 3]};
}

void check_fill(const Args& a, const View& now) {
  const int64_t n = a.op.real_count, holes = holes_in(a);
  require(n == 1 || n == now.c || n == holes * now.c,
          "erase: fill has neither one value, one a channel, nor a set a hole");
  const double max = now.dtype == DType::u8 ? 255.0 : now.dtype == DType::u16 ? 65535.0 : 3e38;
  for (int64_t i = 0; i < n; ++i)
    require(a.reals[i] <= max && a.reals[i] >= (now.dtype == DType::f32 ? -max : 0.0),
            "erase: fill does not fit the dtype");
}

void check_erase(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "erase: takes uint8, uint16 and float32");
  require(in_range(a[1], 0, static_cast<int64_t>(EraseFill::normal)), "erase: unknown fill");
  require(a[1] != static_cast<int64_t>(EraseFill::normal) || now.dtype == DType::f32,
          "erase: normal numbers are for float32");
  require((a.op.int_count - kFirst) % 4 == 0 && in_range(a[3], 0, holes_in(a)), "erase: more holes than there are");
  for (int64_t i = 0; i < a[3]; ++i) {
    const Hole hole = hole_of(a, i);
    require(inside(hole.y, hole.h, now.h) && inside(hole.x, hole.w, now.w), "erase: a hole leaves the picture");
  }
  if (a[1] == static_cast<int64_t>(EraseFill::constant)) check_fill(a, now);
}

void do_erase(State& s, const Args& a, bool last) {
  const View dst = s.make_like(s.now, last);
  const Scratch scratch(s.arena);
  const int64_t c = s.now.c, n = a.op.real_count, holes = holes_in(a);
  const bool by_hole = n == holes * c && holes > 1 && n > c;
  auto* values = s.arena.take_array<float>(static_cast<size_t>(c));
  auto* bits = s.arena.take_array<uint16_t>(static_cast<size_t>(s.now.w * c));
  if (dst.data != s.now.data) copy(s.now, dst);
  for (int64_t i = 0; i < a[3]; ++i) {
    if (a[1] == static_cast<int64_t>(EraseFill::constant))
      for (int64_t j = 0; j < c; ++j) values[j] = static_cast<float>(a.reals[by_hole ? i * c + j : n == 1 ? 0 : j]);
    const EraseSpec spec{static_cast<EraseFill>(a[1]), static_cast<uint64_t>(a[2]), values, bits};
    TWL_KERNELS(erase_kernels).erase(dst, hole_of(a, i), spec, normal_quantiles());
  }
  s.now = dst;
}

}  // namespace

// fill, seed, holes, then y x h w of each (more may follow) | one value, one a channel, or as many a hole
const Operation erase = {4, 0, check_erase, do_erase, false, false, true};

}  // namespace twinlens::operations
