#include "operations.hpp"

#include <limits>

#include "../clahe.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kMaxGrid = 4096;  // tiles along an axis

void check_clahe(const Args& a, const View& now) {
  require(in_range(a[1], 1, kMaxGrid) && in_range(a[2], 1, kMaxGrid), "clahe: a grid below 1 or too fine");
  require(in_range(a[3], 0, static_cast<int64_t>(ClaheMode::lab)), "clahe: unknown mode");
  const bool lab = a[3] == static_cast<int64_t>(ClaheMode::lab);
  require(lab ? now.dtype == DType::u8 && now.c == 3 : now.dtype == DType::u8 || now.dtype == DType::u16,
          "clahe: takes uint8 and uint16, mode lab three channels of uint8");
  require((now.h / a[1] + 1) * (now.w / a[2] + 1) <= std::numeric_limits<int32_t>::max(), "clahe: a tile is too large");
}

void do_clahe(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make(s.now.h, s.now.w, s.now.c, s.now.dtype, last);
  twinlens::clahe(s.now, dst, a.reals[0], a[1], a[2], static_cast<ClaheMode>(a[3]), s.arena);
  s.now = dst;
}

}  // namespace

// grid y, grid x, mode | clip limit
const Operation clahe = {4, 1, check_clahe, do_clahe};

}  // namespace twinlens::operations
