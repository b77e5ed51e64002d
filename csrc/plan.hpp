// The batch executor: one list of operations, applied to many pictures of different sizes.
#pragma once
#include <vector>

#include "arena.hpp"

namespace twinlens {

// Operation codes and their parameters; python/twinlens/engines/native.py writes them.
// Integers begin with `active`: 0 leaves the picture as it is. x, y, h, w are in pixels of the operation's input.
enum class OpCode : int64_t {
  resample = 1,   // filter, out_h, out_w, roi y x h w, window y x h w, premultiply | box x0 y0 x1 y1 within the window
  crop = 2,       // y x h w
  pad = 3,        // left, top, right, bottom, mode | fill (one value, or one a channel)
  flip = 4,       // horizontal, vertical
  color = 5,      // kind, output channels
  clahe = 6,      // grid y, grid x, mode | clip limit
  normalize = 7,  // dtype, scale | mean..., std... (as many of each; none: scale only)
  convert = 8,    // dtype, scale
};

// Kinds of color beyond ColorKind only choose channels: no arithmetic.
constexpr int64_t kGrayToRgb = 5, kDropAlpha = 6;

// Parameters lie in rows, one a picture, or one row for all (stride 0).
struct Op {
  OpCode code;
  const int64_t* ints;
  int64_t int_stride, int_count;
  const double* reals;
  int64_t real_stride, real_count;
};

// Runs the operations on src[i] and leaves the result in dst[i], whose size, channels and dtype must be the result's.
// Throws std::invalid_argument where they are not, or where a parameter does not fit its picture; no parameter, however
// wrong, makes it read or write outside the pictures.
void run_plan(const std::vector<Op>& ops, const std::vector<View>& src, const std::vector<View>& dst, int threads);

}  // namespace twinlens
