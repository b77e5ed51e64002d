#include "../normalize.hpp"

#include <cmath>
#include <limits>

#include "operations.hpp"

namespace twinlens::operations {

void check_normalize(const Args& a, const View& now) {
  require(is_plain_number(now.dtype), "normalize: takes uint8, uint16 and float32");
  require(in_range(a[1], static_cast<int64_t>(DType::f32), static_cast<int64_t>(DType::bf16)),
          "normalize: makes float32, float16 and bfloat16");
  const int64_t n = a.op.real_count / 2;
  require(a.op.real_count == 2 * n && (n <= 1 || n == now.c),
          "normalize: mean and std have neither one value nor one a channel");
  for (int64_t i = 0; i < 2 * n; ++i)
    require(std::fabs(a.reals[i]) <= std::numeric_limits<float>::max() && (i < n || static_cast<float>(a.reals[i]) > 0),
            "normalize: mean must be finite and std positive");
}

namespace {

float largest(DType t) { return t == DType::u8 ? 255.0F : t == DType::u16 ? 65535.0F : 1.0F; }

}  // namespace

std::shared_ptr<const Normalizer> normalizer_of(const Args& a, int64_t channels, DType from) {
  const int64_t n = a.op.real_count / 2;
  return normalizer(channels, a[2] != 0 ? largest(from) : 1.0F, {a.reals, a.reals + n}, {a.reals + n, a.reals + 2 * n});
}

namespace {

void do_normalize(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make(s.now.h, s.now.w, s.now.c, static_cast<DType>(a[1]), last);
  (*normalizer_of(a, s.now.c, s.now.dtype))(s.now, dst);
  s.now = dst;
}

}  // namespace

// dtype, scale | mean..., std... (as many of each; none: scale only)
const Operation normalize = {3, 0, check_normalize, do_normalize, false, true};

}  // namespace twinlens::operations
