#include "plan.hpp"

#include <algorithm>
#include <utility>

#include "copy.hpp"
#include "operations/operations.hpp"
#include "pool.hpp"

namespace twinlens {
namespace {

constexpr int64_t kBand = int64_t{1} << 14;        // bytes of rows that run through several operations together
constexpr int64_t kMaxPicture = int64_t{1} << 30;  // of a side that the caller brings: kernels index with 32 bits

Args args_of(const Op& op, int64_t picture) {
  return {op, op.ints + picture * op.int_stride, op.reals + picture * op.real_stride};
}

void check_picture(const View& v) {
  require(in_range(v.h, 1, kMaxPicture) && in_range(v.w, 1, kMaxPicture) && in_range(v.c, 1, kMaxPicture),
          "an empty picture, or one too large");
  require(in_range(static_cast<int64_t>(v.dtype), 0, static_cast<int64_t>(DType::bf16)), "unknown dtype");
}

const Operation& known(OpCode code) {
  const Operation* operation = operation_of(code);
  if (operation == nullptr) refuse("unknown operation");
  return *operation;
}

void apply(State& s, const Args& a, bool last) {
  const Operation& operation = known(a.op.code);
  operation.check(a, s.now);
  operation.apply(s, a, last);
}

// Runs the active adjustments from ops[first] on, as many as follow each other; returns the place of the last of them.
size_t run_adjustments(const std::vector<Op>& ops, size_t end_of_ops, int64_t picture, size_t first, State& s,
                       size_t last) {
  Adjustment list[kMostAdjustments];
  int64_t count = 0;
  size_t end = first;
  for (size_t i = first; i < end_of_ops && count < kMostAdjustments; ++i) {
    const Args a = args_of(ops[i], picture);
    if (!a.active()) continue;
    if (!operations::is_colour_adjustment(a, s.now)) break;
    list[count++] = operations::checked_adjustment(a, s.now);
    end = i;
  }
  operations::adjust_in_turn(s, list, count, end == last);
  return end;
}

// Where the operations from ops[first] to ops[last] all work by rows, and two of them or more: runs them on a few rows
// at a time, which stay in the cache between them. False where it is not so.
bool run_by_rows(const std::vector<Op>& ops, int64_t picture, size_t first, size_t last, State& s) {
  int64_t active = 0;
  for (size_t i = first; i <= last; ++i) {
    if (!args_of(ops[i], picture).active()) continue;
    if (!known(ops[i].code).by_rows) return false;
    ++active;
  }
  if (active < 2 || s.out.h != s.now.h) return false;  // an output of another size is refused elsewhere
  const int64_t row = s.now.w * s.now.c * item_size(s.now.dtype), rows = std::max<int64_t>(kBand / row, 1);
  for (int64_t y = 0; y < s.now.h; y += rows) {
    const Scratch scratch(s.arena);
    const int64_t n = std::min(rows, s.now.h - y);
    const View out = window(s.out, y, 0, n, s.out.w);
    State band{window(s.now, y, 0, n, s.now.w), out, s.arena};
    for (size_t i = first; i <= last; ++i)
      if (args_of(ops[i], picture).active()) apply(band, args_of(ops[i], picture), i == last);
  }
  return true;
}

// Runs the first `count` operations up to the output.
void run_to_output(const std::vector<Op>& ops, size_t count, int64_t picture, State& state) {
  // The last active operation, if it writes pixels, writes them to the output.
  size_t last = count, before_last = count;
  for (size_t i = 0; i < count; ++i)
    if (args_of(ops[i], picture).active()) before_last = std::exchange(last, i);
  for (size_t i = 0; i < count; ++i) {
    const Args a = args_of(ops[i], picture);
    if (!a.active()) continue;
    if (operations::is_colour_adjustment(a, state.now)) {
      i = run_adjustments(ops, count, picture, i, state, last);
      continue;
    }
    const bool pair = i == before_last && a.op.code == OpCode::resample && ops[last].code == OpCode::normalize;
    if (last < count && run_by_rows(ops, picture, i, last, state)) return;
    if (pair && operations::resample_then_normalize(state, a, args_of(ops[last], picture))) return;
    apply(state, a, i == last);
  }
  if (last == count || known(ops[last].code).makes_view)
    copy(state.now, state.make(state.now.h, state.now.w, state.now.c, state.now.dtype, true));
}

void run_one(const std::vector<Op>& ops, int64_t picture, const View& src, const View& dst, Arena& arena) {
  arena.reset();
  check_picture(src);
  size_t count = ops.size();  // operations behind these change what is in the output
  while (count > 0 && (known(ops[count - 1].code).in_place || !args_of(ops[count - 1], picture).active())) --count;
  State state{src, dst, arena};
  run_to_output(ops, count, picture, state);
  state.now = dst;
  for (size_t i = count; i < ops.size(); ++i)
    if (const Args a = args_of(ops[i], picture); a.active()) apply(state, a, true);
}

}  // namespace

View State::make(int64_t h, int64_t w, int64_t c, DType t, bool last) const {
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

void State::make_plain() {
  if (is_plain(now)) return;
  const View dense_copy = arena.image(now.h, now.w, now.c, now.dtype, false);
  copy(now, dense_copy);
  now = dense_copy;
}

void run_plan(const std::vector<Op>& ops, const std::vector<View>& src, const std::vector<View>& dst, int threads) {
  parallel_for(static_cast<int64_t>(src.size()), threads, [&](int64_t i, int) {
    thread_local Arena arena;  // reused by every picture that this thread takes
    run_one(ops, i, src[static_cast<size_t>(i)], dst[static_cast<size_t>(i)], arena);
  });
}

}  // namespace twinlens
