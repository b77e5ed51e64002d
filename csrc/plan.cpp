#include "plan.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "clahe.hpp"
#include "color.hpp"
#include "convert.hpp"
#include "copy.hpp"
#include "normalize.hpp"
#include "pad.hpp"
#include "plan_checks.hpp"
#include "pool.hpp"
#include "resample.hpp"
#include "resample_cv.hpp"

namespace twinlens {
namespace {

constexpr double kMaxScratch = 64.0 * (1 << 30);  // bytes of a picture between two operations

// One operation's parameters for one picture.
struct Args {
  const Op& op;
  const int64_t* ints;
  const double* reals;
  int64_t operator[](int64_t i) const { return ints[i]; }
  bool active() const { return ints[0] != 0; }
};

Args args_of(const Op& op, int64_t picture) {
  return {op, op.ints + picture * op.int_stride, op.reals + picture * op.real_stride};
}

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("native plan: " + what); }

// The picture as it stands, and where results go: the caller's memory for the last one, scratch for the others.
struct State {
  View now;
  const View& out;
  Arena& arena;

  View make(int64_t h, int64_t w, int64_t c, DType t, bool last) const {
    if (!last) {
      const double bytes = static_cast<double>(h) * static_cast<double>(w) * static_cast<double>(c * item_size(t));
      if (bytes > kMaxScratch) refuse("a picture on the way is too large");
      return arena.image(h, w, c, t, c > 1 && planar(now) && !interleaved(now));
    }
    if (out.h != h || out.w != w || out.c != c || out.dtype != t) {
      const auto shape = [](int64_t a, int64_t b, int64_t d) {
        return "(" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(d) + ")";
      };
      refuse("the result is " + shape(h, w, c) + ", the output " + shape(out.h, out.w, out.c) + ", or dtypes differ");
    }
    return out;
  }

  void make_plain() {
    if (is_plain(now)) return;
    const View dense_copy = arena.image(now.h, now.w, now.c, now.dtype, false);
    copy(now, dense_copy);
    now = dense_copy;
  }
};

ResampleSpec spec_of(const Args& a) {
  const auto edge = [&a](int i) { return static_cast<float>(a.reals[i]); };
  return {static_cast<Filter>(a[1]), a[2], a[3], {edge(0), edge(1), edge(2), edge(3)}, a[4], a[5]};
}

bool antialiased(const Args& a) { return a[1] <= static_cast<int64_t>(Filter::lanczos); }

void do_resample(State& s, const Args& a, bool last) {
  if (a[11] > 0) s.now = window(s.now, a[8], a[9], a[10], a[11]);
  s.make_plain();
  const View dst = s.make(a[6], a[7], s.now.c, s.now.dtype, last);
  if (!antialiased(a)) {
    resample_cv(s.now, dst, static_cast<CvMethod>(a[1]), a[2], a[3], Roi{a[4], a[5]}, s.arena);
  } else {
    (a[12] != 0 ? resample_premultiplied : resample)(s.now, dst, spec_of(a), s.arena);
  }
  s.now = dst;
}

void do_crop(State& s, const Args& a) { s.now = window(s.now, a[1], a[2], a[3], a[4]); }

void do_pad(State& s, const Args& a, bool last) {
  const View dst = s.make(s.now.h + a[2] + a[4], s.now.w + a[1] + a[3], s.now.c, s.now.dtype, last);
  pad(s.now, dst, a[2], a[1], static_cast<PadMode>(a[5]), a.reals, a.op.real_count,
      s.arena.take_array<int32_t>(static_cast<size_t>(dst.w)));
  s.now = dst;
}

void do_flip(State& s, const Args& a) {
  if (a[1] != 0) {
    s.now.data += (s.now.w - 1) * s.now.sx;
    s.now.sx = -s.now.sx;
  }
  if (a[2] != 0) {
    s.now.data += (s.now.h - 1) * s.now.sy;
    s.now.sy = -s.now.sy;
  }
}

void do_color(State& s, const Args& a, bool last) {
  const int64_t kind = a[1];
  View from = s.now;
  if (kind == kGrayToRgb) {
    from.c = 3;
    from.sc = 0;
  } else if (kind == kDropAlpha) {
    from.c = a[2];
  } else if (static_cast<ColorKind>(kind) != ColorKind::swap_rb) {
    from.c = 3;
  }
  const View dst = s.make(from.h, from.w, a[2], from.dtype, last);
  if (kind >= kGrayToRgb) {
    copy(from, dst);
  } else {
    convert_color(from, dst, static_cast<ColorKind>(kind), s.arena);
  }
  s.now = dst;
}

void do_clahe(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make(s.now.h, s.now.w, s.now.c, s.now.dtype, last);
  clahe(s.now, dst, a.reals[0], a[1], a[2], static_cast<ClaheMode>(a[3]), s.arena);
  s.now = dst;
}

float largest(DType t) { return t == DType::u8 ? 255.0F : t == DType::u16 ? 65535.0F : 1.0F; }

std::shared_ptr<const Normalizer> normalizer_of(const Args& a, int64_t channels, DType from) {
  const int64_t n = a.op.real_count / 2;
  return normalizer(channels, a[2] != 0 ? largest(from) : 1.0F, {a.reals, a.reals + n}, {a.reals + n, a.reals + 2 * n});
}

void do_normalize(State& s, const Args& a, bool last) {
  s.make_plain();
  const View dst = s.make(s.now.h, s.now.w, s.now.c, static_cast<DType>(a[1]), last);
  (*normalizer_of(a, s.now.c, s.now.dtype))(s.now, dst);
  s.now = dst;
}

// Resample and, as the last operation, normalise: one walk over the rows where that can be.
bool do_resample_normalize(State& s, const Args& a, const Args& then) {
  if (!antialiased(a) || a[12] != 0 || s.now.dtype != DType::u8) return false;
  check_op(a.op, a.ints, a.reals, s.now);
  View src = s.now;
  if (a[11] > 0) src = window(src, a[8], a[9], a[10], a[11]);
  View resized = src;
  resized.h = a[6];
  resized.w = a[7];
  check_op(then.op, then.ints, then.reals, resized);
  const auto normalise = normalizer_of(then, src.c, DType::u8);
  const View dst = s.make(a[6], a[7], src.c, static_cast<DType>(then[1]), true);
  return resample_normalized(src, dst, spec_of(a), *normalise, s.arena);
}

void do_convert(State& s, const Args& a, bool last) {
  const View dst = s.make(s.now.h, s.now.w, s.now.c, static_cast<DType>(a[1]), last);
  convert_dtype(s.now, dst, a[2] != 0);
  s.now = dst;
}

void apply(State& s, const Args& a, bool last) {
  check_op(a.op, a.ints, a.reals, s.now);
  switch (a.op.code) {
    case OpCode::resample:
      return do_resample(s, a, last);
    case OpCode::crop:
      return do_crop(s, a);
    case OpCode::pad:
      return do_pad(s, a, last);
    case OpCode::flip:
      return do_flip(s, a);
    case OpCode::color:
      return do_color(s, a, last);
    case OpCode::clahe:
      return do_clahe(s, a, last);
    case OpCode::normalize:
      return do_normalize(s, a, last);
    case OpCode::convert:
      return do_convert(s, a, last);
  }
}

bool makes_view(OpCode code) { return code == OpCode::crop || code == OpCode::flip; }

void run_one(const std::vector<Op>& ops, int64_t picture, const View& src, const View& dst, Arena& arena) {
  arena.reset();
  check_picture(src);
  State state{src, dst, arena};
  // The last active operation, if it writes pixels, writes them to the output.
  size_t last = ops.size(), before_last = ops.size();
  for (size_t i = 0; i < ops.size(); ++i)
    if (args_of(ops[i], picture).active()) before_last = std::exchange(last, i);
  for (size_t i = 0; i < ops.size(); ++i) {
    const Args a = args_of(ops[i], picture);
    if (!a.active()) continue;
    const bool pair = i == before_last && a.op.code == OpCode::resample && ops[last].code == OpCode::normalize;
    if (pair && do_resample_normalize(state, a, args_of(ops[last], picture))) return;
    apply(state, a, i == last);
  }
  if (last == ops.size() || makes_view(ops[last].code))
    copy(state.now, state.make(state.now.h, state.now.w, state.now.c, state.now.dtype, true));
}

}  // namespace

void run_plan(const std::vector<Op>& ops, const std::vector<View>& src, const std::vector<View>& dst, int threads) {
  parallel_for(static_cast<int64_t>(src.size()), threads, [&](int64_t i, int) {
    thread_local Arena arena;  // reused by every picture that this thread takes
    run_one(ops, i, src[static_cast<size_t>(i)], dst[static_cast<size_t>(i)], arena);
  });
}

}  // namespace twinlens
