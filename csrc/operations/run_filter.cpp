#include "../copy.hpp"
#include "operations.hpp"

namespace twinlens::operations {

void run_filter(State& s, const Args& a, bool last, ImageFilter filter) {
  s.make_plain();
  const View src = s.now, dst = s.make_like(src, last);
  const bool rows = interleaved(src);
  const bool direct = rows ? interleaved(dst) : planar(dst);
  const View to = direct ? dst : s.arena.image(src.h, src.w, src.c, src.dtype, !rows);
  if (rows)
    filter(src, to, a, s.arena);
  else
    for (int64_t c = 0; c < src.c; ++c) filter(plane(src, c), plane(to, c), a, s.arena);
  if (!direct) copy(to, dst);
  s.now = dst;
}

}  // namespace twinlens::operations
