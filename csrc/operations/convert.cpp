#include "operations.hpp"

#include "../convert.hpp"

namespace twinlens::operations {
namespace {

void check_convert(const Args& a, const View& now) {
  require(is_plain_number(now.dtype) && in_range(a[1], 0, static_cast<int64_t>(DType::f32)),
          "convert: takes and makes uint8, uint16 and float32");
}

void do_convert(State& s, const Args& a, bool last) {
  const View dst = s.make(s.now.h, s.now.w, s.now.c, static_cast<DType>(a[1]), last);
  convert_dtype(s.now, dst, a[2] != 0);
  s.now = dst;
}

}  // namespace

// dtype, scale
const Operation convert = {3, 0, check_convert, do_convert, false, true};

}  // namespace twinlens::operations
